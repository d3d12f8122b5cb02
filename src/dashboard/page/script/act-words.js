// @ts-check
// The page's script, third part: what each act asks of the queue, and in which words it is
// confirmed. The names are those of ../act-button.ts.

/**
 * @typedef {{ title: string, path: string, what: string, isBegun: boolean, isNoteNeeded: boolean,
 * done: string }} Act
 * @typedef {{ readonly profile: string, readonly ahead: number }} Place of a job that waits
 * @type {Record<string, (name: string, path: string, place: Place) => Act>}
 */
const acts = {
  drain: (name, path) => ({
    title: `Drain ${name}`,
    path: `monitors/${path}/drain`,
    what: `${name} gets no more takes, through every instance of the queue. Takes under way go on to their end, and jobs go to the other monitors.`,
    isBegun: true,
    isNoteNeeded: true,
    done: `${name} is draining.`,
  }),
  resume: (name, path) => ({
    title: `Resume ${name}`,
    path: `monitors/${path}/resume`,
    what: `${name} gets takes again at once.`,
    isBegun: false,
    isNoteNeeded: false,
    done: `${name} gets takes again.`,
  }),
  pause: (name, path) => ({
    title: `Pause ${name}`,
    path: `profiles/${path}/pause`,
    what: `No job of ${name} is served. All keep their places, and new ones may still join.`,
    isBegun: true,
    isNoteNeeded: true,
    done: `${name} is paused.`,
  }),
  unpause: (name, path) => ({
    title: `Resume ${name}`,
    path: `profiles/${path}/resume`,
    what: `Jobs of ${name} are served again, in order.`,
    isBegun: false,
    isNoteNeeded: false,
    done: `${name} is served again.`,
  }),
  cancel: (name, path) => ({
    title: `Cancel job ${name}`,
    path: `jobs/${path}/cancel`,
    what: "The job gives its place up for good. Its workflow step hears so at its next poll, and goes elsewhere.",
    isBegun: false,
    isNoteNeeded: false,
    done: `Job ${name} is cancelled.`,
  }),
  rerun: (name, path) => ({
    title: `Re-run job ${name}`,
    path: `jobs/${path}/rerun`,
    what: "The job joins the line again at its end, under the same id, and gets its runners once more. Re-run it at GitHub, too.",
    isBegun: false,
    isNoteNeeded: false,
    done: `Job ${name} is in line again.`,
  }),
  expedite: (name, path, { profile, ahead }) => ({
    title: `Expedite job ${name}`,
    path: `jobs/${path}/expedite`,
    what: `The job goes to the front of its profile ${profile}${describeAhead(ahead)}. Jobs that an operator put there earlier stay first.`,
    isBegun: false,
    isNoteNeeded: true,
    done: `Job ${name} is at the front of ${profile}.`,
  }),
};

/** @param {number} jobs */
function describeAhead(jobs) {
  if (jobs === 0) return ". No job that counts is ahead of it now, so it may be served no sooner";
  return jobs === 1
    ? ", before the one job that is ahead of it now"
    : `, before the ${jobs} jobs that are ahead of it now`;
}

/**
 * Null where there is no such act.
 * @param {DOMStringMap} button what the button says that it does, and to what
 * @returns {Act | null}
 */
export function describeAct({ act = "", name = "", profile = "", ahead = "0" }) {
  return acts[act]?.(name, encodeURIComponent(name), { profile, ahead: Number(ahead) }) ?? null;
}
