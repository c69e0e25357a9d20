/** What of each room was read, and how many words of others were not. */
export class ReadState {
  /** By room id; as many as the follower has rooms. */
  readonly #rooms = new Map<
    string,
    { last: number; read: number; hidden: number; unread: number }
  >();

  /**
   * A link told of a room: its last record has this `n`, and it was read up to there.
   * @param unread words of others in between; undefined: the server is older and does not tell
   */
  room(id: string, last: number, read: number, unread = Math.max(0, last - read)): void {
    const known = this.#rooms.get(id);
    const hidden = known?.hidden ?? 0;
    this.#rooms.set(id, { last, read, hidden, unread });
    // What was read here may still be on its way to the server.
    if (known !== undefined) this.read(id, known.read);
  }

  gone(id: string): void {
    this.#rooms.delete(id);
  }

  /** There is a record; `hidden`: of a kind that nobody is shown; `counts`: words of another. */
  record(id: string, n: number, is: { readonly hidden: boolean; readonly counts: boolean }): void {
    const room = this.#rooms.get(id);
    if (room === undefined) return;
    room.last = Math.max(room.last, n);
    if (is.hidden) room.hidden = n;
    if (is.counts && n > room.read) room.unread++;
  }

  /**
   * @param unread what is left then, if the server tells
   * @returns up to where it is read now; undefined: that was known
   */
  read(id: string, n: number, unread?: number): number | undefined {
    const room = this.#rooms.get(id);
    if (room === undefined) return undefined;
    const upTo = room.hidden === n + 1 ? n + 1 : n;
    if (upTo <= room.read) return undefined;
    room.read = upTo;
    room.unread = Math.max(0, Math.min(unread ?? room.unread, room.last - upTo));
    return upTo;
  }

  /** Words of others; no fewer than there are. */
  unread(id: string): number {
    return this.#rooms.get(id)?.unread ?? 0;
  }
}
