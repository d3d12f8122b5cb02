# The queue as a small image without privileges: the same bundle that npm gets, and nothing else beside Node.
# `docker build .` gives the queue; `--target fleet` gives simulated monitors to try it against.
# The tag says which it is, the digest that nobody can put another in its place.
FROM node:24.21.0-bookworm-slim@sha256:2fe369e969550cde8e867afc3fe370b260140cab4a23d467074295b42163d553 AS build
# the bundle names no packages: those that it is made of are listed from here (SBOM)
ARG BUILDKIT_SBOM_SCAN_STAGE=true
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY README.md LICENSE CHANGELOG.md ./
COPY src ./src
COPY scripts ./scripts
RUN node scripts/build.ts

FROM node:24.21.0-bookworm-slim@sha256:2fe369e969550cde8e867afc3fe370b260140cab4a23d467074295b42163d553 AS base
ENV NODE_ENV=production HOST=0.0.0.0
WORKDIR /app
COPY --from=build /app/dist ./
USER node

FROM base AS fleet
EXPOSE 9000-9002
# While a monitor draws its dashboard it answers 503: any answer at all shows that it is up.
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:9000/dashboard.json').then(() => process.exit(0), () => process.exit(1))"]
CMD ["node", "bin/runner-queue.cjs", "fleet", "--host", "0.0.0.0", "--port", "9000", "--monitors", "3", "--profile", "linux=2"]

FROM base AS queue
EXPOSE 8002
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + (process.env.PORT || 8002) + '/healthz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "bin/runner-queue.cjs", "serve"]
