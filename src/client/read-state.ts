/** What of each room was read, and what there is: so what is unread. */
export class ReadState {
  /** By room id; as many as the follower has rooms. */
  readonly #rooms = new Map<string, { last: number; read: number; hidden: number }>();

  /** A link told of a room: its last record has this `n`, and it was read up to there. */
  room(id: string, last: number, read: number): void {
    const known = this.#rooms.get(id);
    const hidden = known?.hidden ?? 0;
    this.#rooms.set(id, { last, read: Math.max(read, known?.read ?? 0), hidden });
  }

  gone(id: string): void {
    this.#rooms.delete(id);
  }

  /** There is a record; `hidden`: it is of a kind that nobody is shown. */
  record(id: string, n: number, hidden: boolean): void {
    const room = this.#rooms.get(id);
    if (room === undefined) return;
    room.last = Math.max(room.last, n);
    if (hidden) room.hidden = n;
  }

  /** @returns up to where it is read now; undefined: that was known */
  read(id: string, n: number): number | undefined {
    const room = this.#rooms.get(id);
    if (room === undefined) return undefined;
    const upTo = room.hidden === n + 1 ? n + 1 : n;
    if (upTo <= room.read) return undefined;
    room.read = upTo;
    return upTo;
  }

  unread(id: string): number {
    const room = this.#rooms.get(id);
    return room === undefined ? 0 : Math.max(0, room.last - room.read);
  }
}
