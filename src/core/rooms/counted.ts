/** Authors whose messages count as unread, can call a reader, and are pushed. */

/** Account whose unread messages are counted, by ids or by folded names. */
export interface UnreadReader<Id> {
  readonly id: Id;
  readonly ignored: ReadonlySet<Id>;
}

/** Messages of the reader, and of people whom the reader ignores, are never unread. */
export function isCountedAuthor<Id>(author: Id, { id, ignored }: UnreadReader<Id>): boolean {
  return author !== id && !ignored.has(author);
}
