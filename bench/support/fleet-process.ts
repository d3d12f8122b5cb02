// A fleet of instant monitors in a process of its own, so that it does not share the load
// generator's thread. Prints the MONITORS setting; told {"hang": "<name>"}, that monitor answers
// nothing any more: neither takes nor its dashboard.

import { startSimulatedFleet } from "../../scripts/simulated-fleet/fleet.ts";
import { monitorToken } from "../../test/support/service.ts";
import { profileKey } from "./full-house.ts";

const [monitors = "5", runners = "300", busyForMs = "0"] = process.argv.slice(2);

const fleet = await startSimulatedFleet({
  monitors: Number(monitors),
  perMonitor: { [profileKey]: Number(runners) },
  token: monitorToken,
  habits: { takeMs: 0, startsAfterMs: 0, busyForMs: Number(busyForMs), rebornAfterMs: 0, redrawMs: 0 },
});
process.on("message", ({ hang }: { hang?: string }) => {
  const monitor = fleet.monitors.find(({ name }) => name === hang);
  if (monitor !== undefined) Object.assign(monitor.faults, { take: "hang", dashboard: "hang" });
});
process.on("disconnect", () => process.exit(0));
console.log(fleet.monitorsSetting);
