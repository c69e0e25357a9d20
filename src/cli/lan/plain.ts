/** Client of `chat lan --plain`, which exchanges unsigned text datagrams with any script. */

import { utf8Encode } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import { LAN_DATAGRAM_BYTES_MAX, LAN_ECHO_TIMEOUT_MS } from "../../base/limits.ts";
import { cleanText } from "../../base/text.ts";
import { formatUtc } from "../../base/time.ts";
import type { Multicast, MulticastSource } from "../../io/lan/multicast.ts";
import { isLanDatagram } from "../../wire/lan.ts";
import { ChatConsole } from "../chat/console.ts";
import type { Context } from "../context.ts";
import { noEchoFault, OutputOverflow, readLanLines, reportFault } from "./lines.ts";

const HELP = [
  "Each line is sent as typed; // at the start sends a slash.",
  "/quit      leave (also QUIT or Ctrl-D)",
];
const LINE_END = /\r?\n$/;

export class PlainClient {
  readonly chatConsole: ChatConsole;
  readonly #context: Context;
  readonly #overflow: OutputOverflow;
  readonly #lenient = new TextDecoder("utf-8", { ignoreBOM: true });
  #stopEcho: (() => void) | undefined;
  #hasEcho = false;
  #hasReportedSigned = false;

  constructor(context: Context) {
    this.#context = context;
    this.chatConsole = new ChatConsole(context);
    this.#overflow = new OutputOverflow(context, this.chatConsole);
  }

  async run(multicast: Multicast): Promise<number> {
    this.chatConsole.prompt("lan> ");
    try {
      return await readLanLines(this.#context, this.chatConsole, {
        send: (text) => this.#send(multicast, text),
        slash: async (word) => {
          if (word === "help") this.chatConsole.note(HELP[0] ?? "", HELP.slice(1));
          return word === "help";
        },
      });
    } finally {
      this.#stopEcho?.();
    }
  }

  readonly show = (bytes: Uint8Array, { address, port, isOwn }: MulticastSource): void => {
    if (isOwn) {
      this.#hasEcho = true;
      this.#stopEcho?.();
      return;
    }
    if (isLanDatagram(bytes)) return this.#reportSigned();
    if (this.#overflow.isFull) return;
    const text = this.#lenient.decode(bytes);
    if (this.#context.json) {
      const time = formatUtc(this.#context.clock.unixMs());
      this.chatConsole.print({ kind: "text", time, from: `${address}:${port}`, text }, undefined);
    } else {
      this.chatConsole.data(`${cleanText(text.replace(LINE_END, ""))}\n`);
    }
  };

  async #send(multicast: Multicast, text: string): Promise<void> {
    const bytes = utf8Encode(text);
    if (bytes.length > LAN_DATAGRAM_BYTES_MAX) {
      const message = `a datagram can have at most ${LAN_DATAGRAM_BYTES_MAX} bytes`;
      throw new Fault("too-large", `${message}, this text has ${bytes.length}`, {
        remedy: "split it, or run a server: chat serve",
      });
    }
    await multicast.send(bytes);
    const time = formatUtc(this.#context.clock.unixMs());
    this.chatConsole.print({ kind: "sent", time, text }, undefined);
    if (!this.#hasEcho) this.#awaitEcho();
  }

  #awaitEcho(): void {
    this.#stopEcho ??= this.#context.clock.after(LAN_ECHO_TIMEOUT_MS, () =>
      reportFault(this.#context, this.chatConsole, noEchoFault()),
    );
  }

  #reportSigned(): void {
    if (this.#hasReportedSigned) return;
    this.#hasReportedSigned = true;
    const message = "hiding signed messages from another user";
    const fault = new Fault("kind-unknown", message, { remedy: "remove --plain" });
    reportFault(this.#context, this.chatConsole, fault);
  }
}
