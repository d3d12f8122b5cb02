// @ts-check
// The page's script, last part: an operator acts. Their token is kept in this tab's memory, sent
// as a bearer, and nowhere written down. Whatever is done is asked about first, in words that say
// what will happen.
import { describeAct } from "./act-words.js";
import { ask, presentToken } from "./connection.js";
import { find } from "./news.js";

const operate = /** @type {HTMLButtonElement} */ (find("operate"));
const tokenDialog = /** @type {HTMLDialogElement} */ (find("token-dialog"));
const actDialog = /** @type {HTMLDialogElement} */ (find("act-dialog"));
const done = find("done");
/** What was done stands there for so long, ms; the page itself shows what came of it. */
const toldMs = 10_000;
/** @type {number | undefined} */
let forgetting;
let who = "";
/** @type {import("./act-words.js").Act | null} */
let current = null;
/** Which button opened the dialog: news may have replaced it since, under the same id. */
let openedBy = "";

/** @param {string} text */
function tell(text) {
  clearTimeout(forgetting);
  done.textContent = text;
  forgetting = setTimeout(() => {
    done.textContent = "";
  }, toldMs);
}

/** @param {string} id */
function input(id) {
  return /** @type {HTMLInputElement} */ (find(id));
}

// The token.

operate.addEventListener("click", () => {
  if (who === "") {
    find("token-wrong").textContent = "";
    input("token").value = "";
    tokenDialog.showModal();
    return;
  }
  who = "";
  presentToken(null);
  document.body.classList.remove("operator");
  operate.textContent = "Act as operator…";
  tell("The token is forgotten.");
});

find("token-form").addEventListener("submit", (event) => {
  event.preventDefault();
  void tryToken(input("token").value.trim(), input("who").value.trim());
});

/**
 * @param {string} token
 * @param {string} name
 */
async function tryToken(token, name) {
  const wrong = find("token-wrong");
  if (!/^[\x21-\x7e]+$/.test(token) || name === "") {
    wrong.textContent = "A token has no spaces, and the history wants a name.";
    return;
  }
  const trouble = await troubleOf(ask("history.json?limit=1", "GET", { authorization: `Bearer ${token}` }));
  wrong.textContent = trouble;
  if (trouble !== "") return;
  who = name;
  input("token").value = "";
  tokenDialog.close();
  presentToken(token);
  document.body.classList.add("operator");
  operate.textContent = "Stop acting";
  tell(`You act as ${name}, until this tab is closed or loaded again.`);
  operate.focus();
}

// An act.

document.addEventListener("click", (event) => {
  const button = event.target instanceof Element ? event.target.closest("button[data-act]") : null;
  if (!(button instanceof HTMLButtonElement) || who === "") return;
  current = describeAct(button.dataset);
  if (current === null) return;
  openedBy = button.id;
  find("act-title").textContent = `${current.title}?`;
  find("act-what").textContent = current.what;
  find("act-go").textContent = current.title;
  find("act-wrong").textContent = "";
  find("act-until-part").hidden = !current.isBegun;
  for (const id of ["act-note", "act-until"]) input(id).value = "";
  input("act-note").required = current.isNoteNeeded;
  actDialog.showModal();
});

find("act-form").addEventListener("submit", (event) => {
  event.preventDefault();
  if (current !== null) void carryOut(current);
});

/** @param {import("./act-words.js").Act} act */
async function carryOut(act) {
  const query = new URLSearchParams({ by: who, note: input("act-note").value.trim() });
  const until = input("act-until").value.trim();
  if (act.isBegun && until !== "") query.set("until", until);
  const trouble = await troubleOf(ask(`${act.path}?${query}`, "POST"));
  find("act-wrong").textContent = trouble;
  if (trouble !== "") return;
  actDialog.close();
  tell(act.done);
}

for (const [button, dialog] of /** @type {const} */ ([
  ["token-leave", tokenDialog],
  ["act-leave", actDialog],
])) {
  find(button).addEventListener("click", () => dialog.close());
}
actDialog.addEventListener("close", () => document.getElementById(openedBy)?.focus());

/** What is wrong with a reply, as a sentence; empty where it went well.
 * @param {Promise<Response>} asked
 */
async function troubleOf(asked) {
  try {
    const reply = await asked;
    if (reply.ok) return "";
    const { title, detail } = await reply
      .json()
      .catch(() => ({ title: `The queue answered ${reply.status}`, detail: "" }));
    return detail ? `${title}: ${detail}` : title;
  } catch {
    return "The queue does not answer. It may be done all the same: look first.";
  }
}
