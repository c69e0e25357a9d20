/** Chat model of the terminal clients. */

import { asFault, Fault, msg } from "../../base/fault.ts";
import { SCREEN_FRAME_MS, SCREEN_ITEMS_MAX } from "../../base/limits-screen.ts";
import { ChatActions } from "../../client/chat/actions.ts";
import type { UiEffect } from "../../client/chat/model-driver.ts";
import type { Client } from "../../client/client.ts";
import { modelEventOf, type SessionEvent } from "../../client/event.ts";
import type { SendRequest } from "../../client/link/queries.ts";
import { notConnected, notLoggedIn } from "../../client/link/retry.ts";
import { keyChangedFault } from "../../client/sealed/identities.ts";
import type { SealedRooms } from "../../client/sealed/rooms.ts";
import type { Receipt } from "../../core/client/outbox.ts";
import type { TransferView } from "../../core/model/state.ts";
import { sha256 } from "../../crypto/sha256.ts";
import type { Clock } from "../../io/clock.ts";
import type { PostBody } from "../../wire/messages.ts";

export type NotifyEffect = Extract<UiEffect, { kind: "notify" }>;
export type ChatEffect =
  | UiEffect
  | { readonly kind: "refused"; readonly to: string; readonly fault: Fault };

const EARLY_EVENTS_MAX = 1_024;

export class TerminalChat extends ChatActions {
  readonly #clock: Clock;
  readonly #onEffect: (effect: ChatEffect) => void;
  readonly #isDisplayed: (seq: number) => boolean;
  #listener: ((event: SessionEvent) => void) | undefined;
  readonly #earlyEvents: SessionEvent[] = [];
  #client: Client | undefined;
  #isRenamed = false;

  /** @param isDisplayed whether the terminal has displayed the user's own message */
  constructor(
    clock: Clock,
    onEffect: (effect: ChatEffect) => void,
    isDisplayed: (seq: number) => boolean = () => true,
  ) {
    super({
      nextFrame: (callback) => clock.after(SCREEN_FRAME_MS, callback),
      sha256,
      now: () => clock.now(),
      itemsMax: SCREEN_ITEMS_MAX,
      history: (fields, ask) => this.#client?.historyWith(fields, ask) ?? ask(fields),
    });
    this.#clock = clock;
    this.#onEffect = onEffect;
    this.#isDisplayed = isDisplayed;
  }

  readonly receive = (event: SessionEvent): void => {
    if (event.kind === "entered") this.#isRenamed = event.isRenamed === true;
    const change = modelEventOf(event, this.#clock.unixMs());
    const fault = faultOf(event);
    if (change !== undefined) this.enqueue(change);
    if (fault !== undefined) this.enqueue({ kind: "fault", fault });
    if (this.#listener !== undefined) return this.#listener(event);
    if (event.kind === "record") return;
    this.#earlyEvents.push(event);
    if (this.#earlyEvents.length > EARLY_EVENTS_MAX) this.#earlyEvents.shift();
  };

  /** @param listener receives events that the model does not handle, even if emitted earlier */
  listen(listener: (event: SessionEvent) => void): void {
    this.#listener = listener;
    for (const event of this.#earlyEvents.splice(0)) listener(event);
  }

  get isRenamed(): boolean {
    return this.#isRenamed;
  }

  attachClient(client: Client): void {
    this.#client = client;
  }

  async sealedRooms(): Promise<SealedRooms> {
    if (this.#client === undefined) throw notConnected();
    return this.#client.sealedRooms();
  }

  readonly request: SendRequest = async (kind, fields) => {
    if (this.#client === undefined) throw notConnected();
    return this.#client.request(kind, fields);
  };

  setFocus(on: boolean): void {
    this.applyNow({ kind: "focus", on });
  }

  fault(fault: Fault): void {
    this.applyNow({ kind: "fault", fault });
  }

  transfer(transfer: TransferView): void {
    this.enqueue({ kind: "transfer", transfer });
  }

  removeTransfer(id: string): void {
    this.enqueue({ kind: "transfer-gone", id });
  }

  /**
   * Emits a refusal as an effect.
   * @returns `undefined` if the post was refused
   * @throws {Fault} not-logged-in
   */
  submit(to: string, body: PostBody): Promise<Receipt | undefined> {
    if (this.#client?.user === undefined) throw notLoggedIn();
    const receipt = this.#client.post(to, body).catch((fault: unknown) => {
      if (fault instanceof Fault) this.#onEffect({ kind: "refused", to, fault });
      return undefined;
    });
    this.update();
    return receipt;
  }

  protected override isDisplayed(seq: number): boolean {
    return this.#isDisplayed(seq);
  }

  protected mayPost(): boolean {
    return true; // A failed audit ends the client, so no check is needed.
  }

  protected post(to: string, body: PostBody): void {
    try {
      void this.submit(to, body);
    } catch (error) {
      this.fault(asFault(error));
    }
  }

  protected perform(effect: UiEffect): void {
    this.#onEffect(effect);
  }
}

function faultOf(event: SessionEvent): Fault | undefined {
  if (event.kind === "identity-changed") return keyChangedFault(event.user);
  if (event.kind !== "sealed-remark") return undefined;
  return new Fault("seal-refused", event.remark, { remedy: msg`run /sealed` });
}
