// Preloaded (`node --import`) into a process whose clock is to be off: its date is SHIFT_MS away from
// the machine's, and SIGUSR2 sets it to as much on the other side.
const RealDate = Date;
let shiftMs = Number(process.env.SHIFT_MS);

globalThis.Date = new Proxy(RealDate, {
  construct: (target, args: []) => (args.length > 0 ? new target(...args) : new target(now())),
  get: (target, name) => (name === "now" ? now : Reflect.get(target, name)),
});
process.on("SIGUSR2", () => {
  shiftMs = -shiftMs;
  console.log("the clock was set");
});

function now(): number {
  return RealDate.now() + shiftMs;
}
