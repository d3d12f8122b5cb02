// Cloudflare's entry: requests go to the Durable Object where the queue lives, and once a minute
// time does its work there. docs/deploy-workers.md says how to get it running.
import { createFront } from "./worker/front.ts";

export { MonitorDoor } from "./worker/monitor-door.ts";
export { QueueHome } from "./worker/queue-home.ts";

export default createFront((line) => console.error(line));
