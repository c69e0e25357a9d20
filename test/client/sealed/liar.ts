import { Fault } from "../../../src/base/fault.ts";
import { sha256 } from "../../../src/crypto/sha256.ts";
import type { Link, LinkHandlers } from "../../../src/io/link/link.ts";
import { packValue, unpackValue } from "../../../src/wire/codec.ts";
import { commitment } from "../../../src/wire/record.ts";

export type Spoken = Readonly<Record<string, unknown>> & { readonly kind: string };

export interface WireRecord {
  readonly head: Uint8Array;
  readonly salt?: Uint8Array;
  readonly body?: Uint8Array;
  readonly from?: string;
}

export interface Lies {
  /** @returns what the server is asked instead; undefined: it never hears of it */
  asks?(question: Spoken): Spoken | undefined;
  /** @returns what the client is told instead */
  tells?(word: Spoken, asked: Spoken | undefined): readonly Spoken[];
  /** Each record, however it comes. @returns those that come instead, in this order */
  shows?(record: WireRecord): readonly WireRecord[];
}

export class Liar {
  lies: Lies = {};
  #link: Link | undefined;
  #handlers: LinkHandlers | undefined;
  readonly #asked = new Map<number, Spoken>();
  readonly #lost = new Map<string, number>();
  readonly #numbered = new Map<string, { before: number; shown: readonly WireRecord[] }>();

  stand(link: Link): Link {
    this.#link = link;
    this.#asked.clear();
    const liar = this;
    return new Proxy(link, {
      get(target, key) {
        if (key === "send") return (head: Uint8Array, tail?: Uint8Array) => liar.#send(head, tail);
        if (key === "receive") return (handlers: LinkHandlers) => liar.#receive(handlers);
        const value: unknown = Reflect.get(target, key);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
  }

  tell(word: Spoken): void {
    this.#handlers?.message(packValue(word));
  }

  #send(head: Uint8Array, tail: Uint8Array = new Uint8Array()): boolean {
    const whole = new Uint8Array([...head, ...tail]);
    const said = unpackValue(whole) as Spoken;
    const question = this.lies.asks === undefined ? said : this.lies.asks(said);
    if (question === undefined) return true;
    if (typeof question["ref"] === "number") this.#asked.set(question["ref"], question);
    return this.#link?.send(question === said ? whole : packValue(question)) ?? false;
  }

  #receive(handlers: LinkHandlers): void {
    this.#handlers = handlers;
    this.#link?.receive({
      closed: (fault) => handlers.closed(fault),
      message: (bytes) => {
        for (const word of this.#told(unpackValue(bytes) as Spoken)) {
          handlers.message(packValue(word));
        }
      },
    });
  }

  #told(word: Spoken): readonly Spoken[] {
    const asked = this.#asked.get(word["ref"] as number);
    const words = this.lies.tells?.(word, asked) ?? [word];
    return words.flatMap((one) => this.#shown(one));
  }

  #shown(word: Spoken): readonly Spoken[] {
    const { records } = word;
    if (!Array.isArray(records)) return [word];
    const shown = this.#records(records);
    return word.kind === "records" && shown.length === 0 ? [] : [{ ...word, records: shown }];
  }

  #records(records: readonly WireRecord[]): WireRecord[] {
    return records.flatMap((record) => {
      const { room } = headOf(record);
      let known = this.#numbered.get(keyOf(record));
      if (known === undefined) {
        const lost = this.#lost.get(room) ?? 0;
        known = { before: lost, shown: this.lies.shows?.(record) ?? [record] };
        this.#numbered.set(keyOf(record), known);
        this.#lost.set(room, lost + 1 - known.shown.length);
      }
      const { before, shown } = known;
      // Numbers without a hole: a client that only counted records would see nothing.
      return shown.map((one, at) => {
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

/** Shows something in place of each sealed message; `nth` counts them from 1. */
export function sealedShown(
  shows: (record: WireRecord, nth: number) => readonly WireRecord[],
): Lies {
  let nth = 0;
  return { shows: (record) => (isSealed(record) ? shows(record, ++nth) : [record]) };
}

export function postsAsked(asks: (post: Spoken) => Spoken | undefined): Lies {
  return { asks: (question) => (question.kind === "post" ? asks(question) : question) };
}

export function answered(kind: string, change: (answer: Spoken) => object): Lies {
  return {
    tells: (word, asked) => {
      const isAnswer = asked?.kind === kind && word.kind === "ok";
      return [isAnswer ? { ...word, ...change(word) } : word];
    },
  };
}

export function refusal(ref: unknown, code: string, retryAfterMs?: number): Spoken {
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
