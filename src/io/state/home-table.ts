/** Base class for access to some tables of a home. */

import type { StateDatabase } from "./schema.ts";

export abstract class HomeTable {
  protected readonly database: StateDatabase;

  constructor(database: StateDatabase) {
    this.database = database;
  }
}
