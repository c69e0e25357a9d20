/** Runs one task at a time; the others wait in order of arrival. */

export class Mutex {
  #last: Promise<unknown> = Promise.resolve();

  /** Settles as the task does. */
  run<Result>(work: () => Promise<Result>): Promise<Result> {
    const mine = this.#last.then(work);
    this.#last = mine.catch(() => undefined); // The caller of that task gets the error.
    return mine;
  }
}
