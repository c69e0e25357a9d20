import { Fault, msg } from "../../base/fault.ts";
import type { Account } from "../../core/rooms/accounts.ts";
import type { TargetResolver } from "../../core/rooms/targets.ts";
import { kindsWith } from "../../wire/kinds.ts";
import type { RequestOf } from "../../wire/messages.ts";
import type { ClientConnection } from "../session/client-connection.ts";
import type { RecordLookup } from "./record-lookup.ts";

export interface ReactionsOptions {
  readonly recordLookup: Pick<RecordLookup, "find">;
  readonly targets: Pick<TargetResolver, "find">;
  readonly siblings: { readonly isShared: boolean; current(): Promise<boolean> };
}

const REACTABLE = kindsWith("reactable");

/**
 * Looks up what a reaction is about before it goes on. All posts of its link that come after it
 * wait behind it, so that their order stays.
 */
export class Reactions {
  readonly #options: ReactionsOptions;
  /** The last post of a link that waits; bounded by the requests in flight. */
  readonly #tails = new Map<ClientConnection, Promise<void>>();

  constructor(options: ReactionsOptions) {
    this.#options = options;
  }

  /**
   * Hands the post on, in this very tick if nothing is to be looked up: then there is no promise.
   * @throws Fault not-found
   */
  pass(
    client: ClientConnection,
    account: Account,
    request: RequestOf<"post">,
    on: () => void,
  ): Promise<void> | undefined {
    const before = this.#tails.get(client);
    const { react, re } = request.body;
    if (before !== undefined || (react !== undefined && re !== undefined)) {
      return this.#inTurn(client, before, this.#check(account, request), on);
    }
    on();
    return undefined;
  }

  async #inTurn(
    client: ClientConnection,
    before: Promise<void> | undefined,
    check: Promise<void>,
    on: () => void,
  ): Promise<void> {
    const turn = this.#turn(before, check, on);
    this.#tails.set(client, turn);
    try {
      await turn;
    } finally {
      if (this.#tails.get(client) === turn) this.#tails.delete(client);
    }
  }

  async #turn(
    before: Promise<void> | undefined,
    check: Promise<void>,
    on: () => void,
  ): Promise<void> {
    const [, checked] = await Promise.allSettled([before, check]);
    if (checked.status === "rejected") throw checked.reason;
    on();
  }

  /** @throws Fault not-found; no-majority: nobody can say whether there is one */
  async #check(account: Account, { to, body }: RequestOf<"post">): Promise<void> {
    const { react, re } = body;
    if (react === undefined || re === undefined) return;
    if (await this.#isAbout(account, to, re)) return;
    // At another server, where its sender comes from, both may be recorded.
    const { siblings } = this.#options;
    if (!siblings.isShared) throw noMessage(re);
    if (!(await siblings.current())) {
      const sentence = "nobody can say whether there is such a message";
      throw new Fault("no-majority", sentence, { retryAfterMs: 1_000 });
    }
    if (!(await this.#isAbout(account, to, re))) throw noMessage(re);
  }

  /** Whether nothing is against it here: the rest the room engine decides. */
  async #isAbout(account: Account, to: string, re: number): Promise<boolean> {
    const target = this.#options.targets.find(account.id, to);
    // The room engine refuses a target that does not exist, and a user who is not in the room.
    if (target === undefined) return true;
    const { room } = target;
    // Two people who have never written to each other share no message, whatever its number.
    if (room === undefined) return false;
    if (!room.members.has(account.id)) return true;
    const like = { rooms: new Set([room.id]), kinds: REACTABLE };
    const record = await this.#options.recordLookup.find(account.id, re, like);
    return record !== undefined && record.erased === undefined;
  }
}

/** The same sentence if there is none, or none that the asker may see. */
function noMessage(seq: number): Fault {
  return new Fault("not-found", msg`there is no message ${seq} here`, {
    remedy: "check its number",
  });
}
