# What an object refers to is there, or is one of the Secrets that the place itself gives.
package cpds

deny contains found("what a pod refers to is there", workload) if {
	some workload in workloads
	some reference in references_of(workload)
	not is_there(namespace_of(workload), reference)
}

references_of(workload) := [reference |
	some reference in array.concat(
		array.concat(
			[{"kind": "ConfigMap", "name": volume.configMap.name} | some volume in pod_of(workload).volumes; volume.configMap],
			[{"kind": "PersistentVolumeClaim", "name": volume.persistentVolumeClaim.claimName} | some volume in pod_of(workload).volumes; volume.persistentVolumeClaim],
		),
		array.concat(
			[{"kind": "ConfigMap", "name": from.configMapRef.name} | some from in containers_of(workload)[_].envFrom; not from.configMapRef.optional],
			[{"kind": "ConfigMap", "name": ref.name, "key": ref.key} | some ref in [value.valueFrom.configMapKeyRef | some value in containers_of(workload)[_].env]],
		),
	)
]

is_there(namespace, reference) if {
	some object in input
	object.kind == reference.kind
	object.metadata.name == reference.name
	namespace_of(object) == namespace
	not lacks_key(object, reference)
}

lacks_key(object, reference) if {
	reference.key
	not has_key(object, reference.key)
}

has_key(object, key) if is_string(object.data[key])

deny contains found("a service or a budget selects pods that are there", object) if {
	some object in input
	object.kind in {"Service", "PodDisruptionBudget"}
	not selects_some(object)
}

selects_some(object) if {
	some workload in workloads
	in_same_namespace(object, workload)
	selects(selector_of(object), labels_of(workload))
}

selector_of(object) := {"matchLabels": object.spec.selector} if object.kind == "Service"

selector_of(object) := object.spec.selector if object.kind == "PodDisruptionBudget"

deny contains found("a service's port is one that its pods have", object) if {
	some object in input
	object.kind == "Service"
	some port in object.spec.ports
	not is_served(object, port.targetPort)
}

is_served(service, name) if {
	some workload in workloads
	in_same_namespace(service, workload)
	selects({"matchLabels": service.spec.selector}, labels_of(workload))
	containers_of(workload)[_].ports[_].name == name
}
