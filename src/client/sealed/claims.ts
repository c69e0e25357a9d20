/**
 * Comparison of histories between members. Each sealed message carries a checkpoint with the
 * server's signature: what one member was shown must be a part of what this device is shown. Only
 * the server can sign, so that no member can make a server look guilty.
 */

import { equalBytes, fromBase64Url, toBase64Url, utf8Encode } from "../../base/bytes.ts";
import { asFault, Fault } from "../../base/fault.ts";
import type { RoomId } from "../../base/ids.ts";
import { CLAIM_TRIES_MAX, CLAIMS_KNOWN_MAX } from "../../base/limits-sealed.ts";
import type { LogPin } from "../../core/client/audit.ts";
import { verifyConsistency } from "../../core/log/proofs.ts";
import type { SealedMessage } from "../../crypto/seal/engine.ts";
import { type Clock, withTimeout } from "../../io/clock.ts";
import { checkpointText, findSigned } from "../../wire/checkpoint.ts";
import type { Answer } from "../../wire/messages.ts";
import type { Verifier } from "../link/keys.ts";
import type { SendRequest } from "../link/queries.ts";
import type { RoomAt } from "./room-state.ts";
import { allOf, type ClaimRow, claimKey, LOG_KEY, type LogRow } from "./rows.ts";
import type { Vault } from "./vault.ts";

/** Maximum number of claims judged in a row; each takes one or two sequential requests. */
const CLAIMS_TOGETHER_MAX = 8;
/**
 * Delay before claims are judged. A sender's checkpoint may be a minute old, so there is no hurry.
 */
const CLAIMS_EVERY_MS = 5_000;
/** Longest wait for the server's answer before a later retry; see CLAIM_TRIES_MAX. */
const CLAIM_ANSWER_MS = 10_000;

/** The view of the server's log that was proved to this device. */
export interface HistoryView {
  readonly verifier: Verifier;
  /** Keys of the server: the proved one, then its former ones. */
  readonly keys: readonly Uint8Array[];
  /** Returns the newest checkpoint that this device has verified; `undefined` if there is none. */
  pin(): Promise<LogPin | undefined>;
}

export interface ClaimsParts {
  readonly clock: Clock;
  readonly ask: SendRequest;
  /** `undefined` without a link. */
  readonly history: () => HistoryView | undefined;
  readonly transact: <Result>(work: (vault: Vault) => Promise<Result>) => Promise<Result>;
  /** Called when the server has shown two histories. */
  readonly forked: (claim: ClaimRow) => Promise<void>;
  /** Called with a remark for the users of a room that stays usable. */
  readonly remarked: (claim: ClaimRow, sentence: string) => Promise<void>;
}

/** `unproved`: the server did not answer, or its answer is inconclusive. */
type Verdict = "same" | "forked" | "unsigned" | "unproved";

/** Judges the newest claim of each device, a few in a row. */
export class Claims {
  readonly #parts: ClaimsParts;
  /** Last stored claim of each device. Bounded by CLAIMS_KNOWN_MAX. */
  readonly #known = new Map<string, string>();
  #cancel: (() => void) | undefined;
  #running = false;

  constructor(parts: ClaimsParts) {
    this.#parts = parts;
  }

  /** Stores the claim of a received message. @param seq of its record */
  async note(at: RoomAt, seq: number, { sender, checkpoint }: SealedMessage): Promise<void> {
    if (checkpoint === undefined) return;
    const { origin, size } = checkpoint;
    const root = toBase64Url(checkpoint.root);
    const spelled = `${origin} ${size} ${root} ${toBase64Url(checkpoint.signature)}`;
    const { device, user } = sender;
    if (this.#known.get(device) === spelled) return;
    if (this.#known.size >= CLAIMS_KNOWN_MAX) this.#known.clear();
    this.#known.set(device, spelled);
    const before = await at.vault.find<ClaimRow>(claimKey(device));
    if (before?.state === "accepted") return;
    // A smaller claim is implied: the device's own client would have reported a fork.
    if (before !== undefined && before.origin === origin && before.size >= size) return;
    const signature = toBase64Url(checkpoint.signature);
    const { room } = at;
    const claim: ClaimRow = { room, device, user, seq, origin, size, root, signature, tries: 0 };
    await at.vault.put(claimKey(device), claim);
  }

  arm(delayMs = CLAIMS_EVERY_MS): void {
    if (this.#parts.history() === undefined) return;
    this.#cancel ??= this.#parts.clock.after(delayMs, () => {
      this.#cancel = undefined;
      void this.#look();
    });
  }

  /** Stops judging: without a link nobody answers. */
  lost(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  async #look(): Promise<void> {
    const history = this.#parts.history();
    if (this.#running || history === undefined) return;
    this.#running = true;
    try {
      if (await this.#lookAt(history)) this.arm();
    } catch (error) {
      if (!(error instanceof Fault)) throw error; // Link or store failed: the next run retries.
    } finally {
      this.#running = false;
    }
  }

  /** @returns whether undecided claims remain */
  async #lookAt(history: HistoryView): Promise<boolean> {
    const pin = await history.pin();
    const claims = await this.#parts.transact(async (vault) => {
      const all = await vault.list<ClaimRow>(allOf("claim", CLAIMS_KNOWN_MAX));
      return all.map(({ value }) => value).filter(({ state }) => state === undefined);
    });
    const since = await this.#logSince(pin);
    const some = claims.sort((one, other) => one.tries - other.tries).slice(0, CLAIMS_TOGETHER_MAX);
    for (const claim of some) {
      const verdict = await this.#judge(history, claim, pin, since);
      if (verdict === undefined) return false; // The link is lost: nobody is to blame.
      await this.#decide(claim, verdict);
    }
    return claims.length > 0;
  }

  async #decide(claim: ClaimRow, verdict: Verdict): Promise<void> {
    const { forked, remarked } = this.#parts;
    const { user } = claim;
    switch (verdict) {
      case "same":
        return this.#keep(claim, undefined);
      case "forked":
        await this.#keep(claim, { ...claim, state: "forked" });
        return forked(claim);
      case "unsigned":
        await this.#keep(claim, undefined);
        return remarked(claim, `${user}'s program names a history that the server did not sign`);
      default: {
        const tries = claim.tries + 1;
        await this.#keep(claim, { ...claim, tries });
        if (tries !== CLAIM_TRIES_MAX) return;
        return remarked(claim, `the server does not prove that ${user} is shown what you are`);
      }
    }
  }

  /** Stores or deletes the claim, unless the device has made a newer one meanwhile. */
  async #keep(claim: ClaimRow, next: ClaimRow | undefined): Promise<void> {
    const key = claimKey(claim.device);
    await this.#parts.transact(async (vault) => {
      const now = await vault.find<ClaimRow>(key);
      if (now?.size !== claim.size || now.root !== claim.root) return;
      if (next === undefined) await vault.delete(key);
      else await vault.put(key, next);
    });
  }

  /** @returns `undefined` if the link was lost */
  async #judge(
    history: HistoryView,
    claim: ClaimRow,
    pin: LogPin | undefined,
    since: number,
  ): Promise<Verdict | undefined> {
    const { origin, size } = claim;
    const root = fromBase64Url(claim.root);
    if (!(await isSigned(history, claim))) return "unsigned";
    if (pin !== undefined && pin.origin !== origin) {
      // A restored log continues under another origin: earlier claims name the old one.
      return claim.seq <= since ? "same" : "forked";
    }
    if (pin?.size === size) return equalBytes(pin.root, root) ? "same" : "forked";
    const shown = await this.#shown(history, size);
    if (shown === undefined || shown === "unproved") return shown;
    if (shown.origin !== origin) return "forked";
    if (shown.size < size) return "unproved"; // A later request gets a larger checkpoint.
    if (!grows({ size, root }, shown, history.verifier)) return "forked";
    if (pin === undefined) return "same";
    const own = shown.size === pin.size ? shown : await this.#shown(history, pin.size);
    if (own === undefined || own === "unproved") return own;
    const isTied = own.size === shown.size && equalBytes(own.root, shown.root);
    // The log may have grown between two checkpoints of different sizes: ask again.
    return isTied && grows(pin, own, history.verifier) ? "same" : "unproved";
  }

  async #shown(
    { keys, verifier }: HistoryView,
    from: number,
  ): Promise<Shown | "unproved" | undefined> {
    const [key] = keys;
    const answer = await this.#asked(from);
    if (typeof answer !== "object" || key === undefined) return answer as "unproved" | undefined;
    try {
      const { checkpoint, bytes, signature } = findSigned(answer.note, key, verifier.sha256);
      if (!(await verifier.verify(key, bytes, signature))) return "unproved";
      return { ...checkpoint, path: answer.path };
    } catch (error) {
      if (error instanceof Fault) return "unproved";
      throw error;
    }
  }

  async #asked(from: number): Promise<Answer<"checkpoint"> | "unproved" | undefined> {
    const { ask, clock } = this.#parts;
    const answer = ask("checkpoint", { from }).catch((error: unknown) => {
      return asFault(error).code === "link-closed" ? undefined : ("unproved" as const);
    });
    return await withTimeout(answer, CLAIM_ANSWER_MS, () => "unproved" as const, clock);
  }

  /** Returns the size of this log when this device first saw it under its origin. */
  async #logSince(pin: LogPin | undefined): Promise<number> {
    if (pin === undefined) return 0;
    const { origin, size } = pin;
    return this.#parts.transact(async (vault) => {
      const known = await vault.find<LogRow>(LOG_KEY);
      if (known?.origin === origin) return known.since;
      await vault.put(LOG_KEY, { origin, since: size });
      return size;
    });
  }
}

interface Shown extends Pick<LogPin, "origin" | "size" | "root"> {
  readonly path: readonly Uint8Array[];
}

function grows(
  old: { readonly size: number; readonly root: Uint8Array },
  { size, root, path }: Shown,
  { sha256 }: Verifier,
): boolean {
  if (old.size === size) return equalBytes(old.root, root);
  const proof = { oldSize: old.size, oldRoot: old.root, newSize: size, newRoot: root, path };
  return verifyConsistency(proof, sha256);
}

async function isSigned({ verifier, keys }: HistoryView, claim: ClaimRow): Promise<boolean> {
  try {
    const root = fromBase64Url(claim.root);
    const text = checkpointText({ origin: claim.origin, size: claim.size, root });
    const signature = fromBase64Url(claim.signature);
    for (const key of keys) {
      if (await verifier.verify(key, utf8Encode(text), signature)) return true;
    }
    return false;
  } catch {
    return false; // No checkpoint has such an origin.
  }
}

/** Reports whether the claim proves a fork and was made in this room. */
export function isOfRoom(claim: ClaimRow, room: RoomId): boolean {
  return claim.room === room && claim.state === "forked";
}
