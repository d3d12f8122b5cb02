// The path that a request is routed by. A base URL that ends in a slash (QUEUE=https://ci.example/)
// makes `//take/...`, and a proxy may leave its own prefix in front: both mean the route behind.
import { Hono } from "hono";

/**
 * @param basePath `/`, or a path without a slash at its end. Paths outside of it are routed as they
 * are: a probe asks past the proxy.
 */
export function createRequestPath(basePath: string): (request: Request) => string {
  const { getPath } = new Hono();
  return function requestPath(request) {
    const path = getPath(request);
    const single = path.includes("//") ? path.replace(/\/{2,}/g, "/") : path;
    return basePath !== "/" && single.startsWith(`${basePath}/`) ? single.slice(basePath.length) : single;
  };
}
