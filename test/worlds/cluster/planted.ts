import { ClusterAdmission } from "../../../src/core/cluster/admission.ts";
import type { Stream, StreamMessage } from "../../../src/io/cluster/stream.ts";
import { withoutWaiting } from "../planted.ts";
import { withFields } from "../with-fields.ts";
import type { ClusterMutant } from "./node.ts";

export const PLANTED: Readonly<Record<string, ClusterMutant>> = {
  "acknowledged before the own disk holds it": { disk: withoutWaiting },
  "a decision holds, whatever has changed": { plant: withoutObjections },
  "that the stream has lost something is not noticed": { stream: withMemory },
};

function withoutObjections(): void {
  ClusterAdmission.prototype.rejectionReason = () => undefined;
}

function withMemory(stream: Stream): Stream {
  const known = new Map<number, StreamMessage>();
  let last = 0;
  return withFields(stream, {
    get: async (seq) => {
      const found = known.get(seq) ?? (await stream.get(seq));
      if (found !== undefined) known.set(seq, found);
      return found;
    },
    last: async () => {
      last = Math.max(last, await stream.last());
      return last;
    },
  });
}
