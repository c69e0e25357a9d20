/** Driver that passes events to a model and performs the model's effects. */

import { unreachable } from "../../base/assert.ts";
import { asFault } from "../../base/fault.ts";
import type { Sha256 } from "../../base/ids.ts";
import type { ChatRecord } from "../../core/client/chat-record.ts";
import type { ModelEffect, ModelEvent } from "../../core/model/event.ts";
import type { Model } from "../../core/model/state.ts";
import { emptyModel, updateAll } from "../../core/model/update.ts";
import type { RoomPrefs } from "../../core/rooms/prefs.ts";
import type { SendRequest } from "../link/queries.ts";
import { type HistorySource, ModelQueries } from "./model-queries.ts";

export type UiEffect = Extract<ModelEffect, { kind: "read" | "notify" | "keep-draft" }>;

export interface ModelDriverOptions {
  readonly nextFrame: (callback: () => void) => void;
  readonly sha256: Sha256;
  readonly now: () => number;
  readonly itemsMax?: number;
  readonly history?: HistorySource;
}

/** Reports the next immutable `model` to subscribers at most once per frame. */
export abstract class ModelDriver {
  readonly #nextFrame: ModelDriverOptions["nextFrame"];
  readonly #queries: ModelQueries;
  #model: Model;
  #events: ModelEvent[] = [];
  #isFlushing = false;
  #isAwaitingFrame = false;
  readonly #listeners = new Set<() => void>();

  readonly historyOf: HistorySource;

  constructor({ nextFrame, sha256, itemsMax, history }: ModelDriverOptions) {
    this.historyOf = history ?? ((fields, ask) => ask(fields));
    this.#model = emptyModel(itemsMax);
    this.#nextFrame = nextFrame;
    this.#queries = new ModelQueries({
      request: (kind, fields) => this.request(kind, fields),
      emit: (event) => this.enqueue(event),
      sha256,
      history: this.historyOf,
    });
  }

  abstract readonly request: SendRequest;

  protected abstract perform(effect: UiEffect): void;

  get model(): Model {
    return this.#model;
  }

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  protected enqueue(event: ModelEvent): void {
    this.#events.push(event);
    if (this.#isAwaitingFrame || this.#isFlushing) return;
    this.#isAwaitingFrame = true;
    this.#nextFrame(() => {
      this.#isAwaitingFrame = false;
      this.update();
    });
  }

  protected applyNow(event: ModelEvent): void {
    this.#events.push(event);
    this.update();
  }

  protected record(target: string, seq: number): Promise<ChatRecord | undefined> {
    return this.#queries.record(target, seq);
  }

  protected dropEvents(): void {
    this.#events = [];
  }

  protected reportFailure(promise: Promise<unknown>): void {
    promise.catch((error: unknown) => {
      this.applyNow({ kind: "fault", fault: asFault(error) });
    });
  }

  /** Applies all events to the model without waiting for the next frame. */
  update(): void {
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    try {
      while (this.#events.length > 0) {
        const events = this.#events;
        this.#events = [];
        const { model, effects } = updateAll(this.#model, events);
        this.#model = model;
        for (const effect of effects) this.#perform(effect);
      }
    } finally {
      this.#isFlushing = false;
    }
    for (const listener of [...this.#listeners]) listener();
  }

  #perform(effect: ModelEffect): void {
    switch (effect.kind) {
      case "page":
        void this.#queries.page(effect);
        return;
      case "members":
        void this.#queries.members(effect.room, effect.target);
        return;
      case "search":
        void this.#queries.search(effect);
        return;
      case "prefs-set":
        return this.reportFailure(
          this.request("prefs-set", { room: effect.room, ...definedPrefs(effect.prefs) }),
        );
      case "read":
      case "notify":
      case "keep-draft":
        return this.perform(effect);
      default:
        return unreachable(effect);
    }
  }
}

function definedPrefs(prefs: RoomPrefs): RoomPrefs {
  return Object.fromEntries(Object.entries(prefs).filter(([, value]) => value !== undefined));
}
