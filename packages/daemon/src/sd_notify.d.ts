declare module "sd-notify" {
  const notify: Readonly<Record<string, unknown>>;
  export default notify;
}
