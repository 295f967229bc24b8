/** The pages that are generated here, in memory: path from the project's root → content. */
import { SERVICE_NAMES } from "../multicall/service_names.ts";
import { cliPage } from "./cli_page.ts";
import { describeServices } from "./describe_services.ts";
import { lifecyclePage } from "./lifecycle_page.ts";
import { servicesPage } from "./services_page.ts";

export async function referencePages(): Promise<ReadonlyMap<string, string>> {
  return new Map([
    ["docs/reference/services.md", servicesPage(await describeServices(SERVICE_NAMES))],
    ["docs/reference/cli.md", cliPage()],
    ["docs/reference/lifecycle.md", lifecyclePage()],
  ]);
}
