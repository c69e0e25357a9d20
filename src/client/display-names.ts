/** Display names of the people whom the model shows, requested when they first appear. */

import { ignoreFault } from "../base/fault.ts";
import { DISPLAY_NAMES_ASKED_MAX } from "../base/limits.ts";
import { type ChatRecord, fieldsIn } from "../core/client/chat-record.ts";
import type { ModelEvent } from "../core/model/event.ts";
import { kindsWith } from "../wire/kinds.ts";
import type { SendRequest } from "./link/queries.ts";

/** More people are forgotten, and requested again when they appear again. */
const KNOWN_MAX = 5_000;

/** Names in records of other kinds are those of files and rooms. */
const NAMING_KINDS: ReadonlySet<string> = kindsWith("about-account");

export class DisplayNames {
  /** Names in lower case that were requested over this link. */
  readonly #known = new Set<string>();
  readonly #unasked = new Set<string>();

  constructor(
    private readonly request: SendRequest,
    private readonly emit: (event: Extract<ModelEvent, { kind: "named" }>) => void,
  ) {}

  /** Collects the people in an event. */
  note(event: ModelEvent): void {
    switch (event.kind) {
      case "record":
        return this.#wantPeopleIn(event.record);
      case "page":
      case "found":
        for (const record of event.records) this.#wantPeopleIn(record);
        return;
      case "room":
        return this.#want(event.with);
      case "members":
        for (const { name } of event.members) this.#known.add(name.toLowerCase());
        return;
      case "restored":
        for (const room of event.rooms.values()) {
          if (room.kind === "person") this.#want(room.name);
          for (const { kind, from, subject } of room.tail.items) {
            this.#want(from);
            if (NAMING_KINDS.has(kind)) this.#want(subject);
          }
        }
        return;
      case "entered": {
        // Notices may have been missed.
        const before = [...this.#known];
        this.#known.clear();
        for (const user of [...before, event.user]) this.#want(user);
        return;
      }
      default:
        return;
    }
  }

  /** Requests the names of the people who have appeared. */
  ask(): void {
    while (this.#unasked.size > 0) {
      const users = [...this.#unasked].slice(0, DISPLAY_NAMES_ASKED_MAX);
      for (const user of users) this.#unasked.delete(user);
      // After a fault of the link, the next one asks again.
      void this.#ask(users).catch(ignoreFault);
    }
    this.#unasked.clear();
  }

  #wantPeopleIn(record: ChatRecord): void {
    this.#want(record.from);
    if (!NAMING_KINDS.has(record.kind)) return;
    const { addedBy, name } = fieldsIn(record);
    this.#want(addedBy ?? name);
  }

  #want(user: string | undefined): void {
    const key = user?.toLowerCase();
    if (key === undefined || this.#known.has(key)) return;
    if (this.#known.size >= KNOWN_MAX) this.#known.clear();
    this.#known.add(key);
    this.#unasked.add(key);
  }

  async #ask(users: readonly string[]): Promise<void> {
    const { names } = await this.request("display-names", { users: [...users] });
    const texts = new Map(names.map(({ user, text }) => [user.toLowerCase(), text]));
    this.emit({ kind: "named", names: users.map((user) => [user, texts.get(user)]) });
  }
}
