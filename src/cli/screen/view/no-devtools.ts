/** In place of the tools for developers that Ink would load: they are no part of this program. */
const noDevtools = { initialize: () => undefined, connectToDevTools: () => undefined };
// biome-ignore lint/style/noDefaultExport: as the package that it stands for
export default noDevtools;
