import { Fault } from "../../base/fault.ts";
import { ID_BYTES, type OutboxId, outboxId, type UserId } from "../../base/ids.ts";
import { CALLS_WAITING_MAX } from "../../base/limits.ts";
import type { Name } from "../../base/names.ts";
import type { Asker } from "../../core/rooms/commands.ts";
import type { EngineInput } from "../../core/rooms/engine-io.ts";
import type { FilePost } from "../../core/rooms/files.ts";
import type { Act } from "../../core/rooms/moderation.ts";
import type { ClientId } from "../../core/rooms/presence.ts";
import type { Entropy } from "../../io/entropy.ts";
import type { Answer } from "../../wire/messages.ts";

type EraseMany = Extract<Act, { kind: "erase-many" }>;
type Local = Answer<"post"> | Answer<"group-commit">;
type Settle = (outcome: Local | Fault) => void;
type Commit = Omit<Extract<EngineInput, { kind: "group" }>, "kind" | "asker">;

/**
 * Posts of programs that hold no link, and of files that are whole: the room engine takes each for
 * a client, as long as it lasts.
 */
export class LocalPosts {
  readonly #input: (input: EngineInput) => void;
  readonly #entropy: Entropy;
  /** Below zero, where no link's number is. Bounded by CALLS_WAITING_MAX. */
  readonly #waiting = new Map<ClientId, Settle>();
  /** One outbox an account and run of the server. Bounded by the invites that are out. */
  readonly #outboxes = new Map<UserId, { readonly id: OutboxId; counter: number }>();
  #last = 0;

  constructor(input: (input: EngineInput) => void, entropy: Entropy) {
    this.#input = input;
    this.#entropy = entropy;
  }

  /** @throws Fault as the room engine refused it, too-many */
  post(user: UserId, room: Name, text: string): Promise<Answer<"post">> {
    const outbox = this.#outboxes.get(user) ?? {
      id: outboxId(this.#entropy(ID_BYTES)),
      counter: 0,
    };
    this.#outboxes.set(user, outbox);
    const counter = ++outbox.counter;
    return this.#ask(user, (asker) => {
      this.#input({ kind: "called", client: asker.client, user });
      const body = { text };
      const request = { kind: "post", ref: 1, outbox: outbox.id, counter, to: room, body } as const;
      this.#input({ kind: "post", asker, request });
    });
  }

  /** Tells a target of a whole file. @throws Fault as the room engine refused it, too-many */
  announce(user: UserId, to: string, body: FilePost): Promise<Answer<"post">> {
    return this.#ask(user, (asker) => {
      this.#input({ kind: "announce", asker, to, file: body.file, body });
    });
  }

  /** Erases records of a room, with their edits. @throws Fault not-found, store-…, too-many */
  erase(by: UserId, what: Omit<EraseMany, "kind">): Promise<Answer<"post">> {
    return this.#ask(by, (asker) => {
      const act = { kind: "erase-many", ...what } as const;
      this.#input({ kind: "act", asker, isOperator: true, act });
    });
  }

  /** Puts a commit in its place. @throws Fault as the room engine refused it, too-many */
  commit(user: UserId, what: Commit): Promise<Answer<"group-commit">> {
    return this.#ask(user, (asker) => {
      this.#input({ kind: "group", asker, ...what });
    });
  }

  #ask<One extends Local>(user: UserId, ask: (asker: Asker) => void): Promise<One> {
    if (this.#waiting.size >= CALLS_WAITING_MAX) {
      throw new Fault("too-many", "the server is busy", { retryAfterMs: 1_000 });
    }
    const client = --this.#last;
    return new Promise((resolve, reject) => {
      this.#waiting.set(client, (outcome) => {
        if (outcome instanceof Fault) reject(outcome);
        else resolve(outcome as One);
      });
      ask({ client, user, ref: 1 });
    });
  }

  /** The room engine's answer to one of these. */
  settle(client: ClientId, outcome: Local | Fault): void {
    const settle = this.#waiting.get(client);
    if (settle === undefined) return;
    this.#waiting.delete(client);
    this.#input({ kind: "departed", client });
    settle(outcome);
  }
}
