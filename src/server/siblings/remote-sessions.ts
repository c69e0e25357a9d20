/** Messages from the other servers of the cluster, applied to the sessions on this server. */

import { unreachable } from "../../base/assert.ts";
import type { LogRecord } from "../../wire/record.ts";
import type { DeviceNotes } from "../auth/device-notes.ts";
import type { Authenticator } from "../auth/login.ts";
import type { SiblingMessage } from "../kernel/siblings.ts";
import type { PushService } from "../push/service.ts";
import type { ReadPositionService } from "../rooms/read-positions.ts";
import type { TypingFeed } from "../rooms/typing-feed.ts";
import type { SealedService } from "../sealed/service.ts";
import type { ClientConnection } from "../session/client-connection.ts";
import { ClusterAddresses, type ClusterAddressesOptions } from "./addresses.ts";
import type { RemoteCancels } from "./cancels.ts";
import { RemotePresence } from "./presence.ts";
import {
  RemoteAccountRecords,
  type RemoteAccountRecordsOptions,
} from "./remote-account-records.ts";
import type { RemoteActivity } from "./remote-activity.ts";

export interface RemoteSessionsOptions
  extends ClusterAddressesOptions,
    Omit<RemoteAccountRecordsOptions, "reading"> {
  readonly readPositions: Pick<ReadPositionService, "advanceTo" | "sendIgnored">;
  readonly typing: Pick<TypingFeed, "setRemoteTyping">;
  readonly remoteActivity: Pick<RemoteActivity, "answer" | "receive">;
  readonly remoteCancels: Pick<RemoteCancels, "handle" | "settle">;
  readonly authenticator: Pick<Authenticator, "countRemoteGuess" | "clearRemoteGuess">;
  readonly deviceNotes: Pick<DeviceNotes, "recordRemote">;
  readonly sealed: Pick<SealedService, "notifyFewKeyPackages" | "recordRemoteClaim"> | undefined;
  readonly push: Pick<PushService, "onRemoteSubscribe" | "onActivity"> | undefined;
}

export class RemoteSessions {
  readonly #options: RemoteSessionsOptions;
  readonly #presence: RemotePresence;
  readonly #accountRecords: RemoteAccountRecords;
  readonly #addresses: ClusterAddresses;
  #stopListening = () => {};

  constructor(options: RemoteSessionsOptions) {
    this.#options = options;
    this.#presence = new RemotePresence(options);
    this.#addresses = new ClusterAddresses(options);
    this.#accountRecords = new RemoteAccountRecords(options);
  }

  start(): void {
    const { siblings } = this.#options;
    this.#stopListening = siblings.listen((node, message) => this.#receive(node, message));
    this.#presence.start();
    this.#addresses.start();
  }

  stop(): void {
    this.#stopListening();
    this.#presence.stop();
    this.#addresses.stop();
  }

  onLogin(client: ClientConnection): void {
    this.#presence.scheduleSend();
    this.#addresses.sendTo(client);
  }

  onLogout(): void {
    this.#presence.scheduleSend();
  }

  onAddressesChange(): void {
    this.#addresses.onAddressesChange();
  }

  onAccountRecord(record: LogRecord): void {
    if (!this.#options.sequencer.isOwn(record.head.seq)) this.#accountRecords.apply(record);
  }

  #receive(node: string, message: SiblingMessage): void {
    const {
      readPositions,
      typing,
      remoteActivity,
      authenticator,
      sealed,
      deviceNotes,
      push,
      remoteCancels,
    } = this.#options;
    switch (message.kind) {
      case "online":
        return this.#presence.receive(node, message.users);
      case "place":
        return this.#addresses.receive(node, message.place);
      case "read":
        push?.onActivity(message.user);
        return readPositions.advanceTo(message.user, message.room, message.n);
      case "typing":
        push?.onActivity(message.user);
        return typing.setRemoteTyping(message.user, message.room, message.on);
      case "look":
        return remoteActivity.answer();
      case "window":
        return remoteActivity.receive(node, message.window);
      case "cancel":
        return void remoteCancels.handle(message);
      case "cancelled":
        return remoteCancels.settle(message.ask);
      case "key-packages-low":
        return sealed?.notifyFewKeyPackages(message.user, message.device, message.left);
      case "push-taken":
        return push?.onRemoteSubscribe(message.device);
      case "key-packages-taken":
        return sealed?.recordRemoteClaim(message.by, message.of);
      case "device-seen":
        return deviceNotes.recordRemote(message);
      case "guess":
        return authenticator.countRemoteGuess(message.keys);
      case "guessed":
        return authenticator.clearRemoteGuess(message.keys);
      default:
        return unreachable(message);
    }
  }
}
