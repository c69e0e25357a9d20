/** Some tables of a home, in its database. */

import type { StateDatabase } from "./schema.ts";

export abstract class HomeTable {
  protected readonly database: StateDatabase;

  constructor(database: StateDatabase) {
    this.database = database;
  }
}
