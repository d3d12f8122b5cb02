// A service for one test, gone when that is over.
import { onTestFinished } from "vitest";
import { type RunningService, type ServiceOptions, startService } from "../support/service.ts";

export async function startOwnService(options: ServiceOptions): Promise<RunningService> {
  const service = await startService(options);
  onTestFinished(async () => {
    await service.kill9();
  });
  return service;
}
