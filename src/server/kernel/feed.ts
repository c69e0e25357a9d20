/** Calls of the services' hooks. */

import type { UserId } from "../../base/ids.ts";
import type { Room } from "../../core/rooms/rooms.ts";
import type { LogRecord } from "../../wire/record.ts";
import type { ClientConnection } from "../session/client-connection.ts";
import type { MemberState } from "../session/connection-state.ts";
import type { LoginRequest, PreviousAccountState, Service } from "./service.ts";

/** Calls each hook on all services in the order of their list. */
export class Feed {
  #services: readonly Service[] = [];
  /** Services that receive the records of the history. */
  #readers: readonly Service[] = [];

  get services(): readonly Service[] {
    return this.#services;
  }

  add(services: readonly Service[]): void {
    this.#services = [...this.#services, ...services];
    this.#readers = this.#services.filter(({ onRecord }) => onRecord !== undefined);
  }

  emitRecord(room: Room, record: LogRecord): void {
    for (const service of this.#readers) service.onRecord?.(room, record);
  }

  emitAccountRecord(record: LogRecord, before: PreviousAccountState): void {
    for (const service of this.#services) service.onAccountRecord?.(record, before);
  }

  emitLogin(client: ClientConnection, member: MemberState, request: LoginRequest): void {
    for (const service of this.#services) service.onLogin?.(client, member, request);
  }

  emitLogout(client: ClientConnection, member: MemberState): void {
    for (const service of this.#services) service.onLogout?.(client, member);
  }

  emitClosed(client: ClientConnection): void {
    for (const service of this.#services) service.onClosed?.(client);
  }

  emitActivity(user: UserId): void {
    for (const service of this.#services) service.onActivity?.(user);
  }

  emitPresence(): void {
    for (const service of this.#services) service.onPresence?.();
  }
}
