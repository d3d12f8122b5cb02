// The part of the OpenAPI description for GitHub: its webhook.
import { type Json, operation, refusals, retries } from "./parts.ts";

export const githubOperations: Json = {
  "/github/webhook": {
    post: operation({
      id: "hearGithub",
      tag: "github",
      summary: "GitHub says how its jobs stand: `workflow_job` events. Only where GITHUB_WEBHOOK_SECRETS is set",
      security: ["githubSignature"],
      responses: {
        202: { description: "Heard, or of a repository or job that is none of ours" },
        204: { description: "An event of another kind" },
        ...refusals(
          "signature_missing",
          "signature_wrong",
          "delivery_malformed",
          "delivery_too_large",
          "no_such_route",
        ),
        ...retries(503, "store_unavailable"),
      },
    }),
  },
};
