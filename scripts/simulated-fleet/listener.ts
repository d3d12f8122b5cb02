// The HTTP server of a simulated monitor, which can stop and listen again on the same port.
// Stopping cuts every connection, also those that hang, since a server that waited for them would
// never stop.
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";

export interface Listener {
  port(): number;
  stop(): Promise<void>;
  listenAgain(): Promise<void>;
}

/** Rejects where the port is taken. Port 0: any free one. */
export async function createListener(host: string, port: number, onRequest: RequestListener): Promise<Listener> {
  let server: Server | null = await listen(host, port, onRequest);
  const boundPort = (server.address() as AddressInfo).port;

  return {
    port: () => boundPort,
    async stop() {
      const stopping = server;
      server = null;
      if (stopping === null) return;
      await new Promise<void>((resolve) => {
        stopping.close(() => resolve());
        stopping.closeAllConnections();
      });
    },
    async listenAgain() {
      server ??= await listen(host, boundPort, onRequest);
    },
  };
}

function listen(host: string, port: number, onRequest: RequestListener): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer(onRequest);
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      resolve(server);
    });
  });
}
