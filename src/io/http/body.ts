/** Reads the body of a request up to a limit. */

import { concatBytes } from "../../base/bytes.ts";

/** Returns `undefined` if the body is longer. Rejects if the client disconnects. */
export async function readHttpBody(
  request: Request,
  bytesMax: number,
): Promise<Uint8Array | undefined> {
  const length = request.headers.get("content-length");
  if (Number(length ?? 0) > bytesMax) return undefined;
  // Cheaper than a stream.
  if (length !== null) return await request.bytes();
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const chunk of request.body ?? []) {
    sizeBytes += chunk.length;
    if (sizeBytes > bytesMax) return undefined;
    chunks.push(chunk);
  }
  return concatBytes(...chunks);
}
