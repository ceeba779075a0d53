/** Tests of what this browser and this server can do together. */
export function FeaturesTab() {
  return <h1 class="visually-hidden">Feature Tests</h1>;
}
