# What the rules say of objects. `input` is the list of all objects of an overlay; `deny` names each sentence that one of them breaks.
package cpds

found(sentence, object) := {"sentence": sentence, "object": name_of(object)}

name_of(object) := sprintf("%s %s/%s", [object.kind, namespace_of(object), object.metadata.name])

namespace_of(object) := object.metadata.namespace

namespace_of(object) := "-" if not object.metadata.namespace

workloads contains object if {
	some object in input
	object.kind in {"Deployment", "StatefulSet", "DaemonSet", "Job"}
}

pod_of(workload) := workload.spec.template.spec

labels_of(workload) := workload.spec.template.metadata.labels

containers_of(workload) := array.concat(
	object.get(pod_of(workload), "containers", []),
	object.get(pod_of(workload), "initContainers", []),
)

is_service(workload) if labels_of(workload)["app.kubernetes.io/component"] == "service"

in_same_namespace(one, other) if namespace_of(one) == namespace_of(other)

# `matchLabels` alone, which is what a budget or a spread needs to name one workload.
selects(selector, labels) if {
	object.keys(selector) == {"matchLabels"}
	every key, value in selector.matchLabels {
		labels[key] == value
	}
}
