/** Lets one piece of work run at a time; the others wait in the order in which they came. */
export class Mutex {
  #last: Promise<unknown> = Promise.resolve();

  /** Settles as the work does. */
  run<Result>(work: () => Promise<Result>): Promise<Result> {
    const mine = this.#last.then(work);
    this.#last = mine.catch(() => undefined); // The caller of that work gets the error.
    return mine;
  }
}
