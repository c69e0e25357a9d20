/** Leases, which detect restored or copied folders of devices. */

import * as v from "valibot";
import { toBase64Url, utf8Encode } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import { CONFLICT_TRIES_MAX } from "../../base/limits-cluster.ts";
import { LEASE_COUNT_MAX, SEALED_CHANGES_QUEUED_MAX } from "../../base/limits-sealed.ts";
import type { Bucket } from "../../io/bucket/bucket.ts";
import { TaskQueue } from "../../io/task-queue.ts";
import { parseJson, positive } from "../../wire/field.ts";
import type { Answer, RequestOf } from "../../wire/messages.ts";

/** LEASE_BYTES bytes in canonical base64url. */
const LEASE = /^[\w-]{21}[AQgw]$/;
const lease = v.pipe(v.string(), v.regex(LEASE));
const LEASES = v.object({
  count: positive,
  lease,
  former: v.fallback(v.optional(lease), undefined),
});
type Leases = v.InferOutput<typeof LEASES>;

type LeaseRequest = Pick<RequestOf<"seal-lease">, "count" | "lease" | "next">;

/**
 * Detects copied or restored device folders, which present an outdated lease. The numbers of leases
 * increase, so a server that was restored from a backup still accepts a device's current folder.
 */
export class LeaseStore {
  readonly #bucket: Bucket;
  readonly #changes = new TaskQueue({ waiting: SEALED_CHANGES_QUEUED_MAX });

  constructor(bucket: Bucket) {
    this.#bucket = bucket;
  }

  renew(device: string, request: LeaseRequest): Promise<Answer<"seal-lease">> {
    return this.#changes.runFor(device, async () => {
      for (let tries = 0; tries < CONFLICT_TRIES_MAX; tries++) {
        const before = await this.#bucket.read(device);
        // Ignores damaged leases, so that the next request of the device is trusted.
        const { answer, updated } = decide(before && parseJson(LEASES, before.bytes), request);
        if (updated === undefined) return answer;
        const bytes = utf8Encode(JSON.stringify(updated));
        if (await this.#bucket.write(device, bytes, before)) return answer;
      }
      throw new Fault("too-many", "too many requests from this device", { retryAfterMs: 1_000 });
    });
  }

  sweep(isKnown: (device: string) => boolean): Promise<void> {
    return this.#bucket.sweep(isKnown);
  }
}

function decide(
  known: Leases | undefined,
  request: LeaseRequest,
): { readonly answer: Answer<"seal-lease">; readonly updated?: Leases } {
  const [next, lease] = [toBase64Url(request.next), request.lease && toBase64Url(request.lease)];
  const count = known?.count ?? 0;
  const deviceCount = Math.min(request.count, LEASE_COUNT_MAX);
  // Either the answer was lost, or another process that uses the folder repeats the request.
  const isRepeat = known?.lease === next && known.former === lease;
  if (isRepeat) return { answer: { count, isLatest: true } };
  const isLatest =
    known === undefined ||
    deviceCount > count ||
    (deviceCount === count && (lease === undefined || lease === known.lease));
  if (!isLatest) return { answer: { count, isLatest } };
  const updated: Leases = {
    count: Math.min(Math.max(count, deviceCount) + 1, LEASE_COUNT_MAX),
    lease: next,
    ...(lease === undefined ? {} : { former: lease }),
  };
  return { answer: { count: updated.count, isLatest }, updated };
}
