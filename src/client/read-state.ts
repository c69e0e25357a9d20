/** Read position and unread count of each room. */

export class ReadState {
  readonly #rooms = new Map<
    string,
    { last: number; read: number; hidden: number; unread: number }
  >();

  /** @param unread not sent by older servers */
  setRoom(id: string, last: number, read: number, unread = Math.max(0, last - read)): void {
    const known = this.#rooms.get(id);
    const hidden = known?.hidden ?? 0;
    this.#rooms.set(id, { last, read, hidden, unread });
    // The client may have sent a newer position that the server has not processed yet.
    if (known !== undefined) this.markRead(id, known.read);
  }

  remove(id: string): void {
    this.#rooms.delete(id);
  }

  addRecord(
    id: string,
    n: number,
    flags: { readonly hidden: boolean; readonly counts: boolean },
  ): void {
    const room = this.#rooms.get(id);
    if (room === undefined) return;
    room.last = Math.max(room.last, n);
    if (flags.hidden) room.hidden = n;
    if (flags.counts && n > room.read) room.unread++;
  }

  markRead(id: string, n: number, unread?: number): number | undefined {
    const room = this.#rooms.get(id);
    if (room === undefined) return undefined;
    const upTo = room.hidden === n + 1 ? n + 1 : n;
    if (upTo <= room.read) return undefined;
    room.read = upTo;
    room.unread = Math.max(0, Math.min(unread ?? room.unread, room.last - upTo));
    return upTo;
  }

  unread(id: string): number {
    return this.#rooms.get(id)?.unread ?? 0;
  }
}
