// A job of one runner gets its place in line, and with --take its runner.
import type { Check } from "../check.ts";
import { checkReservation } from "../reservation.ts";

export const checkOneRunner: Check = async (situation) =>
  await checkReservation(
    situation,
    await situation.visit.enqueue({ uniqueId: situation.command.uniqueId ?? undefined }),
  );
