import { sha256 } from "../../../src/crypto/sha256.ts";
import { LogProofs } from "../../../src/io/log/proofs.ts";
import { accountsIn, parseCheckpoint, parseNote } from "../../../src/wire/checkpoint.ts";
import { FakeLog } from "../fake-log.ts";
import type { Person, SealedSite } from "./sealed-site.ts";

export async function forkFor({ site }: SealedSite, person: Person): Promise<void> {
  const head = site.history.head();
  const seqs = Array.from({ length: head }, (_, at) => at + 1);
  const proofs = new LogProofs(site.history as never, sha256);
  const found = await site.wait(proofs.inclusion(seqs, head, () => true));
  const leaves = found.map(({ leaf }) => leaf).with(2, new Uint8Array(32).fill(7));
  const fork = new FakeLog(site.identity, leaves);
  person.tamperingLink.tampering = {
    onMessage: (word, request) => {
      if (word.kind !== "ok") return [word];
      if (request?.kind === "checkpoint") {
        const note = parseNote(String(word["note"]));
        const size = Math.min(parseCheckpoint(note.text).size, fork.size);
        const accounts = accountsIn(note)?.checkpoint;
        return [{ ...word, ...fork.checkpoint(Number(request["from"]), size, accounts) }];
      }
      if (request?.kind !== "inclusion") return [word];
      const proved = (word["proofs"] as readonly { seq: number }[]).map(({ seq }) => seq);
      return [{ ...word, ...fork.inclusion(Number(request["size"]), proved) }];
    },
  };
}
