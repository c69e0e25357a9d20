/** Base class of objects that keep the options they are created with. */

export abstract class Component<Options> {
  protected readonly options: Options;

  constructor(options: Options) {
    this.options = options;
  }
}
