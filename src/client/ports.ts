/** Stores that a client requires, all implemented by `ClientState`. */

import type { ClientState } from "../io/state/client-state.ts";
import type { LogPins } from "../io/state/log-pins.ts";
import type { MessageStore } from "../io/state/message-store.ts";
import type { ResumableUploads } from "../io/state/upload-journal.ts";
import type { OutboxQueueStore } from "./outbox-queue.ts";

export type PinStore = Pick<ClientState, "pin" | "setPin" | "addressOf" | "moveServer">;

export type AddressStore = Pick<ClientState, "storeServerAddresses" | "removeServerAddresses">;

export type CursorStore = Pick<ClientState, "cursor" | "advanceCursor" | "rewindCursor">;

export type AccountKeyStore = Pick<ClientState, "knownAccountKey" | "setAccountKey">;

type EnrolmentStore = Pick<
  ClientState,
  "enrolment" | "onlyServerOf" | "enrol" | "unenrol" | "moveUser"
>;

type DefaultStore = Pick<ClientState, "lastServer" | "setLastServer" | "setLastUser">;

export interface ClientStores
  extends PinStore,
    AddressStore,
    CursorStore,
    EnrolmentStore,
    DefaultStore {
  readonly outboxes: OutboxQueueStore;
  readonly messages: Pick<MessageStore, "removeAll">;
  readonly uploads: ResumableUploads;
  readonly logPins: LogPins;
}
