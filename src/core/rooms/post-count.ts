/** Rate limits of requests. */

import { type Request, requestRow } from "../../wire/messages.ts";

/**
 * Number of posts as which a request counts toward the rate limit of its account; 0 if it records
 * nothing, or has a limit of its own.
 */
export function postCount(request: Request): number {
  const { postCount: posts = 0 } = requestRow(request.kind);
  return typeof posts === "function" ? posts(request as never) : posts;
}
