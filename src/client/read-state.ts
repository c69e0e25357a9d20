/** Read position and unread count of each room. */

export class ReadState {
  /** Rooms keyed by room id. Bounded by the follower's rooms. */
  readonly #rooms = new Map<
    string,
    { last: number; read: number; hidden: number; unread: number }
  >();

  /**
   * Sets a room that the server has listed.
   * @param last `n` of the room's last record
   * @param read `n` up to which the room was read
   * @param unread number of unread messages by other users; older servers do not send it
   */
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

  /**
   * Adds a record. `hidden` is true for a kind that is never displayed, `counts` for a message by
   * another user.
   */
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

  /**
   * @param unread number of unread messages after the change, if the server sends it
   * @returns the new position; `undefined` if the position has not advanced
   */
  markRead(id: string, n: number, unread?: number): number | undefined {
    const room = this.#rooms.get(id);
    if (room === undefined) return undefined;
    const upTo = room.hidden === n + 1 ? n + 1 : n;
    if (upTo <= room.read) return undefined;
    room.read = upTo;
    room.unread = Math.max(0, Math.min(unread ?? room.unread, room.last - upTo));
    return upTo;
  }

  /** Returns an upper bound on the number of unread messages by other users. */
  unread(id: string): number {
    return this.#rooms.get(id)?.unread ?? 0;
  }
}
