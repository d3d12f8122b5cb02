// Accept and settle: what a monitor that fetches says of one leg.
import type { PullBook } from "../../dispatch/pull-book.ts";
import type { OperationRunner } from "../../dispatch/running/operation-runner.ts";
import { orderOfCall } from "../../queue/fleet/pull-record.ts";
import { parseLegName } from "../../queue/job/leg-name.ts";
import { type AcceptReply, acceptLegOperation } from "../../queue/operations/pulled/accept-leg.ts";
import {
  type PulledAnswer,
  type PulledEnd,
  settlePulledOperation,
} from "../../queue/operations/pulled/settle-pulled.ts";
import type { SettleBody } from "./fetch-body.ts";
import type { NotePulledNews } from "./pulled-news.ts";

export type SettleCallReply = Exclude<PulledAnswer["kind"], "open">;

export interface LegCalls {
  accept(monitor: string, legName: string, boot: string, seq: number): Promise<AcceptReply>;
  settle(monitor: string, legName: string, body: SettleBody): Promise<SettleCallReply>;
}

export function createLegCalls(book: PullBook, runner: OperationRunner, noteNews: NotePulledNews): LegCalls {
  return {
    accept: async (monitor, legName, boot, seq) => {
      const leg = parseLegName(legName);
      const pull = await book.hearBoot(monitor, boot);
      if (pull === null) return "superseded";
      if (leg === null) return "unknown";
      return await runner.run(acceptLegOperation({ ...leg, monitor, order: orderOfCall(pull, seq) }));
    },
    settle: async (monitor, legName, { boot, seq, outcome, runners }) => {
      const leg = parseLegName(legName);
      const pull = await book.hearBoot(monitor, boot);
      if (pull === null) return "superseded";
      if (leg === null) return "unknown";
      const end: PulledEnd =
        outcome === "taken" ? { kind: "taken", runners, isListed: false } : { kind: "refused", isListed: false };
      const reply = await runner.run(settlePulledOperation({ ...leg, monitor, order: orderOfCall(pull, seq), end }));
      noteNews(monitor, leg, reply);
      return reply.kind === "open" ? "unknown" : reply.kind;
    },
  };
}
