import type { Json, Program } from "./program.ts";

const AHEAD = 40;

export class Sender {
  readonly name: string;
  readonly program: Program;
  readonly acked: number[] = [];
  readonly shown: Json[] = [];
  readonly faults: string[] = [];
  readonly #onAck: () => void;
  readonly #ahead: number;
  #typed = 0;
  #isPaused = false;

  constructor(name: string, program: Program, onAck: () => void, ahead = AHEAD) {
    this.name = name;
    this.#ahead = ahead;
    this.program = program;
    this.#onAck = onAck;
    program.out.listen((line) => this.#read(JSON.parse(line)));
    this.#feed();
  }

  get typed(): number {
    return this.#typed;
  }

  pause(): void {
    this.#isPaused = true;
  }

  static textOf(name: string, number: number): string {
    return `${name} ${number} ${"x".repeat((number * 37) % 300)}`;
  }

  #read(line: Json): void {
    if (line.kind === "ack" || line.kind === "sent") {
      this.acked.push(Number(line["seq"]));
      this.#feed();
      this.#onAck();
    }
    if (line.kind === "text") this.shown.push(line);
    if (line.kind === "fault") this.faults.push(JSON.stringify(line));
  }

  #feed(): void {
    if (this.#isPaused || this.#typed - this.acked.length > this.#ahead / 2) return;
    const lines = Array.from({ length: this.#ahead }, (_, i) =>
      Sender.textOf(this.name, this.#typed + i),
    );
    this.#typed += lines.length;
    this.program.type(...lines);
  }
}
