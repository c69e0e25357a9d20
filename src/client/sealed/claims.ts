/** Fork detection by comparing the server-signed checkpoints in members' messages. */

import { equalBytes, fromBase64Url, toBase64Url, utf8Encode } from "../../base/bytes.ts";
import { asFault, Fault } from "../../base/fault.ts";
import type { RoomId } from "../../base/ids.ts";
import { CLAIM_TRIES_MAX, CLAIMS_KNOWN_MAX } from "../../base/limits-sealed.ts";
import type { LogPin } from "../../core/client/audit.ts";
import { verifyConsistency } from "../../core/log/proofs.ts";
import type { SealedMessage } from "../../crypto/seal/engine.ts";
import { type Clock, withTimeout } from "../../io/clock.ts";
import type { ReplacedLog } from "../../io/state/log-pins.ts";
import { checkpointText, findSigned } from "../../wire/checkpoint.ts";
import type { Answer } from "../../wire/messages.ts";
import type { Verifier } from "../link/keys.ts";
import type { SendRequest } from "../link/queries.ts";
import { markSuspect } from "./room-reader.ts";
import type { RoomStates, RoomTransaction } from "./room-state.ts";
import { allOf, type ClaimRow, claimKey, LOG_KEY, type LogRow } from "./rows.ts";

/**
 * Maximum number of claims verified in one check, because each takes one or two sequential
 * requests.
 */
const CLAIMS_PER_CHECK_MAX = 8;
/** Verification is not urgent, because a sender's checkpoint may already be a minute old. */
const CHECK_DELAY_MS = 5_000;
/** Maximum number of remarks kept for `/sealed`. Each remark is reported once. */
const REMARKS_MAX = 8;
const ANSWER_TIMEOUT_MS = 10_000;

export interface HistoryView {
  readonly verifier: Verifier;
  readonly keys: readonly Uint8Array[];
  pin(): Promise<LogPin | undefined>;
  /** Histories that the user has given up for the current one, oldest first. */
  accepted(): Promise<readonly ReplacedLog[]>;
}

export interface ClaimsOptions {
  readonly clock: Clock;
  readonly request: SendRequest;
  readonly history: () => HistoryView | undefined;
  readonly states: RoomStates;
}

/** `replaced`: the sender still follows a history that this device's user has given up. */
type Verdict = "same" | "forked" | "replaced" | "unsigned" | "unproved";

export class KeyClaims {
  readonly #known = new Map<string, string>();
  #cancel: (() => void) | undefined;
  #running = false;

  constructor(private readonly options: ClaimsOptions) {}

  async add(
    tx: RoomTransaction,
    seq: number,
    { sender, checkpoint }: SealedMessage,
  ): Promise<void> {
    if (checkpoint === undefined) return;
    const { origin, size } = checkpoint;
    const root = toBase64Url(checkpoint.root);
    const serialized = `${origin} ${size} ${root} ${toBase64Url(checkpoint.signature)}`;
    const { device, user } = sender;
    if (this.#known.get(device) === serialized) return;
    if (this.#known.size >= CLAIMS_KNOWN_MAX) this.#known.clear();
    this.#known.set(device, serialized);
    const earlier = await tx.vault.find<ClaimRow>(claimKey(device));
    if (earlier?.state === "accepted") return;
    // A larger earlier claim implies this claim, because the sender's own client would have
    // reported a fork.
    if (earlier !== undefined && earlier.origin === origin && earlier.size >= size) return;
    const signature = toBase64Url(checkpoint.signature);
    const { room } = tx;
    const claim: ClaimRow = { room, device, user, seq, origin, size, root, signature, tries: 0 };
    await tx.vault.put(claimKey(device), claim);
  }

  schedule(delayMs = CHECK_DELAY_MS): void {
    if (this.options.history() === undefined) return;
    this.#cancel ??= this.options.clock.after(delayMs, () => {
      this.#cancel = undefined;
      void this.#check();
    });
  }

  lost(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  async #check(): Promise<void> {
    const history = this.options.history();
    if (this.#running || history === undefined) return;
    this.#running = true;
    try {
      if (await this.#checkClaims(history)) this.schedule();
    } catch (error) {
      asFault(error);
    } finally {
      this.#running = false;
    }
  }

  async #checkClaims(history: HistoryView): Promise<boolean> {
    const pin = await history.pin();
    const claims = await this.options.states.transact(async (vault) => {
      const all = await vault.list<ClaimRow>(allOf("claim", CLAIMS_KNOWN_MAX));
      return all.map(({ value }) => value).filter(({ state }) => state === undefined);
    });
    const since = await this.#logSince(pin);
    const batch = claims.sort((a, b) => a.tries - b.tries).slice(0, CLAIMS_PER_CHECK_MAX);
    for (const claim of batch) {
      const found = await this.#verdictOf(history, claim, pin, since);
      if (found === undefined) return false;
      const isReplaced = found === "forked" && (await isOfReplacedLog(history, claim, pin));
      const verdict = isReplaced ? "replaced" : found;
      await this.#decide(claim, verdict);
    }
    return claims.length > 0;
  }

  async #decide(claim: ClaimRow, verdict: Verdict): Promise<void> {
    const { user, room } = claim;
    const run = (task: (tx: RoomTransaction) => void) => this.options.states.runAndEmit(room, task);
    switch (verdict) {
      case "same":
        return this.#update(claim, undefined);
      case "forked":
        await this.#update(claim, { ...claim, state: "forked" });
        return run((tx) =>
          markSuspect(
            tx,
            claim.seq,
            `the server showed ${user} a different history than this device`,
          ),
        );
      case "replaced":
        await this.#update(claim, undefined);
        return run((tx) =>
          addRemark(
            tx,
            `${user}'s device has not accepted the history that replaced its own; ` +
              `ask ${user} to run chat trust accept`,
          ),
        );
      case "unsigned":
        await this.#update(claim, undefined);
        return run((tx) =>
          addRemark(
            tx,
            `${user}'s device reported a history without a valid signature from the server`,
          ),
        );
      default: {
        const tries = claim.tries + 1;
        await this.#update(claim, { ...claim, tries });
        if (tries !== CLAIM_TRIES_MAX) return;
        return run((tx) =>
          addRemark(tx, `the server could not prove that ${user} sees the same history as you`),
        );
      }
    }
  }

  async #update(claim: ClaimRow, next: ClaimRow | undefined): Promise<void> {
    const key = claimKey(claim.device);
    await this.options.states.transact(async (vault) => {
      const current = await vault.find<ClaimRow>(key);
      if (current?.size !== claim.size || current.root !== claim.root) return;
      if (next === undefined) await vault.delete(key);
      else await vault.put(key, next);
    });
  }

  async #verdictOf(
    history: HistoryView,
    claim: ClaimRow,
    pin: LogPin | undefined,
    since: number,
  ): Promise<Verdict | undefined> {
    const { origin, size } = claim;
    const root = fromBase64Url(claim.root);
    if (!(await isSigned(history, claim))) return "unsigned";
    if (pin !== undefined && pin.origin !== origin) {
      // A restored log continues under a different origin, so claims made before the restoration
      // name the old origin.
      return claim.seq <= since ? "same" : "forked";
    }
    if (pin?.size === size) return equalBytes(pin.root, root) ? "same" : "forked";
    const larger = await this.#fetchCheckpoint(history, size);
    if (larger === undefined || larger === "unproved") return larger;
    if (larger.origin !== origin) return "forked";
    if (larger.size < size) return "unproved";
    if (!isConsistent({ size, root }, larger, history.verifier)) return "forked";
    if (pin === undefined) return "same";
    const own = larger.size === pin.size ? larger : await this.#fetchCheckpoint(history, pin.size);
    if (own === undefined || own === "unproved") return own;
    const isSameLog = own.size === larger.size && equalBytes(own.root, larger.root);
    // The sizes may differ because the log has grown in between, so retry.
    return isSameLog && isConsistent(pin, own, history.verifier) ? "same" : "unproved";
  }

  async #fetchCheckpoint(
    { keys, verifier }: HistoryView,
    from: number,
  ): Promise<ServerCheckpoint | "unproved" | undefined> {
    const [key] = keys;
    const answer = await this.#requestCheckpoint(from);
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

  async #requestCheckpoint(from: number): Promise<Answer<"checkpoint"> | "unproved" | undefined> {
    const { request, clock } = this.options;
    const answer = request("checkpoint", { from }).catch((error: unknown) => {
      return asFault(error).code === "link-closed" ? undefined : ("unproved" as const);
    });
    return await withTimeout(answer, ANSWER_TIMEOUT_MS, () => "unproved" as const, clock);
  }

  async #logSince(pin: LogPin | undefined): Promise<number> {
    if (pin === undefined) return 0;
    const { origin, size } = pin;
    return this.options.states.transact(async (vault) => {
      const known = await vault.find<LogRow>(LOG_KEY);
      if (known?.origin === origin) return known.since;
      await vault.put(LOG_KEY, { origin, since: size });
      return size;
    });
  }
}

interface ServerCheckpoint extends Pick<LogPin, "origin" | "size" | "root"> {
  readonly path: readonly Uint8Array[];
}

function isConsistent(
  old: { readonly size: number; readonly root: Uint8Array },
  { size, root, path }: ServerCheckpoint,
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
    return false;
  }
}

/**
 * Under an unchanged origin, claims beyond what this device had seen may come from another history.
 */
async function isOfReplacedLog(
  history: HistoryView,
  { origin, size }: ClaimRow,
  pin: LogPin | undefined,
): Promise<boolean> {
  const logs = await history.accepted();
  return logs.some((log) => log.origin === origin && (origin !== pin?.origin || size <= log.size));
}

export function isForkIn(claim: ClaimRow, room: RoomId): boolean {
  return claim.room === room && claim.state === "forked";
}

function addRemark(tx: RoomTransaction, sentence: string): void {
  const { remarks = [] } = tx.row ?? {};
  const isKnown = remarks.includes(sentence) || remarks.length >= REMARKS_MAX;
  if (!isKnown) tx.change({ remarks: [...remarks, sentence] });
}
