import { Fault } from "../../../src/base/fault.ts";
import { sha256 } from "../../../src/crypto/sha256.ts";
import type { Link, LinkHandlers } from "../../../src/io/link/link.ts";
import { packValue, unpackValue } from "../../../src/wire/codec.ts";
import { commitment } from "../../../src/wire/record.ts";

export type WireMessage = Readonly<Record<string, unknown>> & { readonly kind: string };

export interface WireRecord {
  readonly head: Uint8Array;
  readonly salt?: Uint8Array;
  readonly body?: Uint8Array;
  readonly from?: string;
}

export interface Tampering {
  onRequest?(question: WireMessage): WireMessage | undefined;
  onMessage?(message: WireMessage, request: WireMessage | undefined): readonly WireMessage[];
  onRecord?(record: WireRecord): readonly WireRecord[];
}

export class TamperingLink {
  tampering: Tampering = {};
  #link: Link | undefined;
  #handlers: LinkHandlers | undefined;
  readonly #requests = new Map<number, WireMessage>();
  readonly #lost = new Map<string, number>();
  readonly #numbered = new Map<string, { before: number; replaced: readonly WireRecord[] }>();

  stand(link: Link): Link {
    this.#link = link;
    this.#requests.clear();
    const tamperingLink = this;
    return new Proxy(link, {
      get(target, key) {
        if (key === "send")
          return (head: Uint8Array, tail?: Uint8Array) => tamperingLink.#send(head, tail);
        if (key === "receive") return (handlers: LinkHandlers) => tamperingLink.#receive(handlers);
        const value: unknown = Reflect.get(target, key);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
  }

  deliver(word: WireMessage): void {
    this.#handlers?.message(packValue(word));
  }

  /** Sends a request that `onRequest` has held back. */
  forward(question: WireMessage): void {
    if (typeof question["ref"] === "number") this.#requests.set(question["ref"], question);
    this.#link?.send(packValue(question));
  }

  #send(head: Uint8Array, tail: Uint8Array = new Uint8Array()): boolean {
    const bytes = new Uint8Array([...head, ...tail]);
    const sent = unpackValue(bytes) as WireMessage;
    const question = this.tampering.onRequest === undefined ? sent : this.tampering.onRequest(sent);
    if (question === undefined) return true;
    if (typeof question["ref"] === "number") this.#requests.set(question["ref"], question);
    return this.#link?.send(question === sent ? bytes : packValue(question)) ?? false;
  }

  #receive(handlers: LinkHandlers): void {
    this.#handlers = handlers;
    this.#link?.receive({
      closed: (fault) => handlers.closed(fault),
      message: (bytes) => {
        for (const word of this.#replace(unpackValue(bytes) as WireMessage)) {
          handlers.message(packValue(word));
        }
      },
    });
  }

  #replace(word: WireMessage): readonly WireMessage[] {
    const request = this.#requests.get(word["ref"] as number);
    const messages = this.tampering.onMessage?.(word, request) ?? [word];
    return messages.flatMap((one) => this.#replaceRecords(one));
  }

  #replaceRecords(word: WireMessage): readonly WireMessage[] {
    const { records } = word;
    if (!Array.isArray(records)) return [word];
    const replaced = this.#records(records);
    return word.kind === "records" && replaced.length === 0 ? [] : [{ ...word, records: replaced }];
  }

  #records(records: readonly WireRecord[]): WireRecord[] {
    return records.flatMap((record) => {
      const { room } = headOf(record);
      let known = this.#numbered.get(keyOf(record));
      if (known === undefined) {
        const lost = this.#lost.get(room) ?? 0;
        known = { before: lost, replaced: this.tampering.onRecord?.(record) ?? [record] };
        this.#numbered.set(keyOf(record), known);
        this.#lost.set(room, lost + 1 - known.replaced.length);
      }
      const { before, replaced } = known;
      return replaced.map((one, at) => {
        const { n } = headOf(one);
        return before === 0 && at === 0 ? one : forged(one, { n: n - before + at });
      });
    });
  }
}

export function headOf({ head }: WireRecord) {
  return JSON.parse(new TextDecoder().decode(head)) as Readonly<Record<string, unknown>> & {
    readonly room: string;
    readonly kind: string;
    readonly id: string;
    readonly seq: number;
    readonly n: number;
    readonly time: number;
  };
}

export function bodyOf({ body }: WireRecord): Readonly<Record<string, unknown>> {
  return JSON.parse(new TextDecoder().decode(body ?? new TextEncoder().encode("{}")));
}

export function forged(
  record: WireRecord,
  head: Readonly<Record<string, unknown>>,
  body?: Readonly<Record<string, unknown>>,
): WireRecord {
  const bytes =
    body === undefined
      ? record.body
      : new TextEncoder().encode(JSON.stringify({ ...bodyOf(record), ...body }));
  const { salt } = record;
  const commit =
    salt === undefined || bytes === undefined ? {} : { commit: commitment(salt, bytes, sha256) };
  const text = JSON.stringify({ ...headOf(record), ...head, ...commit });
  return {
    ...record,
    head: new TextEncoder().encode(text),
    ...(bytes === undefined ? {} : { body: bytes }),
  };
}

function keyOf(record: WireRecord): string {
  const { room, seq, id } = headOf(record);
  return `${room} ${seq} ${id}`;
}

function isSealed(record: WireRecord): boolean {
  return headOf(record).kind === "sealed";
}

export function replaceSealed(
  shows: (record: WireRecord, nth: number) => readonly WireRecord[],
): Tampering {
  let nth = 0;
  return { onRecord: (record) => (isSealed(record) ? shows(record, ++nth) : [record]) };
}

export function replacePosts(asks: (post: WireMessage) => WireMessage | undefined): Tampering {
  return { onRequest: (question) => (question.kind === "post" ? asks(question) : question) };
}

export function answered(kind: string, change: (answer: WireMessage) => object): Tampering {
  return {
    onMessage: (word, request) => {
      const isAnswer = request?.kind === kind && word.kind === "ok";
      return [isAnswer ? { ...word, ...change(word) } : word];
    },
  };
}

export function refusal(ref: unknown, code: string, retryAfterMs?: number): WireMessage {
  const passing = retryAfterMs === undefined ? {} : { retryAfterMs };
  return { kind: "fault", ref, code, message: "no", ...passing };
}

export function codeOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => "fine",
    (error: unknown) => {
      if (error instanceof Fault) return error.code;
      throw error;
    },
  );
}
