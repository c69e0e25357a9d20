/** A sheet that is fetched later: its address on our server. */
declare module "*.css" {
  const address: string;
  // biome-ignore lint/style/noDefaultExport: it is what the bundler makes of a file
  export default address;
}
