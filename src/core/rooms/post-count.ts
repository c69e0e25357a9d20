import { type Request, requestRow } from "../../wire/messages.ts";

/**
 * Posts as which a request counts against the pace of its account; 0 if it makes the server record
 * nothing, or has a bound of its own.
 */
export function postCount(request: Request): number {
  const { posts = 0 } = requestRow(request.kind);
  return typeof posts === "function" ? posts(request as never) : posts;
}
