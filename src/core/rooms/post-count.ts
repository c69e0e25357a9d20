/** Cost of requests for the rate limit of an account. */

import { type Request, requestRow } from "../../wire/messages.ts";

/** Number of posts that a request counts as; 0 if it records nothing or has its own limit. */
export function postCount(request: Request): number {
  const { postCount: posts = 0 } = requestRow(request.kind);
  return typeof posts === "function" ? posts(request as never) : posts;
}
