import { expect } from "bun:test";
import { MESSAGE_BYTES_MAX } from "../../src/base/limits.ts";
import type { Link, Listener, ListenerEvents } from "../../src/io/link/link.ts";
import { within } from "../event.ts";
import { LinkObserver, turn } from "./link-observer.ts";

export interface LinkSetup {
  listen(events: ListenerEvents): Listener;
  dial(listener: Listener): Promise<Link>;
  stall(client: Link): () => void;
  sever(client: Link): void;
}

export interface Pair {
  readonly client: Link;
  readonly server: Link;
  readonly atClient: LinkObserver;
  readonly atServer: LinkObserver;
}

export const CHUNK_BYTES = 256 * 1024;

export class Bench {
  readonly #setup: LinkSetup;
  #listener: Listener | undefined;
  readonly accepted: { readonly link: Link; readonly parent: Link | undefined }[] = [];

  constructor(setup: LinkSetup) {
    this.#setup = setup;
  }

  open(): void {
    this.#listener = this.#setup.listen({
      accept: () => true,
      link: (link, parent) => {
        // As after a log-in: before it, some transports accept little.
        link.limitMessageBytes?.(MESSAGE_BYTES_MAX);
        this.accepted.push({ link, parent });
      },
    });
  }

  get listener(): Listener {
    if (this.#listener === undefined) throw new Error("the bench is not open");
    return this.#listener;
  }

  dial(): Promise<Link> {
    return within("a dial", this.#setup.dial(this.listener));
  }

  async pair(): Promise<Pair> {
    const client = await this.dial();
    return this.#paired(client);
  }

  async lane(parent: Link): Promise<Pair> {
    return this.#paired(await within("a lane", parent.openChannel()));
  }

  async #paired(client: Link): Promise<Pair> {
    const atClient = new LinkObserver(client);
    while (this.accepted.length === 0) await turn();
    const server = this.accepted.shift()?.link;
    if (server === undefined) throw new Error("no link was accepted");
    return { client, server, atClient, atServer: new LinkObserver(server) };
  }
}

export function numbered(index: number, sizeBytes = 8): Uint8Array {
  const bytes = new Uint8Array(Math.max(sizeBytes, 4)).fill(index & 0xff);
  new DataView(bytes.buffer).setUint32(0, index);
  return bytes;
}

export function numberOf(bytes: Uint8Array | undefined): number {
  if (bytes === undefined) return -1;
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
}

export function expectNumbered(observed: readonly Uint8Array[], count: number): void {
  expect(observed.map(numberOf)).toEqual(Array.from({ length: count }, (_, i) => i));
}
