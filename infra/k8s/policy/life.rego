# A pod starts, serves and stops so that nobody who waits for it notices more than a pause.
package cpds

deny contains found("a container has probes for start, readiness and life", workload) if {
	some workload in workloads
	some container in pod_of(workload).containers
	not has_probes(container)
}

has_probes(container) if {
	container.startupProbe
	container.readinessProbe
	container.livenessProbe
}

deny contains found("a service is ready by /readyz, and lives and starts by /healthz", workload) if {
	some workload in workloads
	is_service(workload)
	some container in pod_of(workload).containers
	paths := [object.get(container, [name, "httpGet", "path"], "") | some name in ["readinessProbe", "livenessProbe", "startupProbe"]]
	paths != ["/readyz", "/healthz", "/healthz"]
}

# A database that is away would otherwise have every pod killed that waits for it.
deny contains found("nothing is killed for what it waits for: liveness is never the readiness probe", workload) if {
	some workload in workloads
	some container in pod_of(workload).containers
	container.livenessProbe.httpGet.path == container.readinessProbe.httpGet.path
}

deny contains found("a killed process was silent for thirty seconds at the least", workload) if {
	some workload in workloads
	some container in pod_of(workload).containers
	probe := container.livenessProbe
	object.get(probe, "periodSeconds", 10) * object.get(probe, "failureThreshold", 3) < 30
}

deny contains found("a container leaves its service before it stops", workload) if {
	some workload in workloads
	some container in pod_of(workload).containers
	not container.lifecycle.preStop
}

# Five seconds to be forgotten, eight to stop, and as long again for a node that is busy.
deny contains found("a pod has thirty seconds to stop at the least", workload) if {
	some workload in workloads
	object.get(pod_of(workload), "terminationGracePeriodSeconds", 0) < 30
}

deny contains found("each workload has a budget for evictions, which allows one", workload) if {
	some workload in workloads
	count(budgets_of(workload)) != 1
}

budgets_of(workload) := [budget |
	some budget in input
	budget.kind == "PodDisruptionBudget"
	in_same_namespace(budget, workload)
	selects(budget.spec.selector, labels_of(workload))
	budget.spec.maxUnavailable == 1
]

deny contains found("pods of a workload spread over nodes and zones", workload) if {
	some workload in workloads
	keys := {spread.topologyKey | some spread in pod_of(workload).topologySpreadConstraints; selects(spread.labelSelector, labels_of(workload))}
	keys != {"kubernetes.io/hostname", "topology.kubernetes.io/zone"}
}

deny contains found("what signs or writes alone is one pod, and never two for a moment", workload) if {
	some workload in workloads
	labels_of(workload)["app.kubernetes.io/name"] in {"audit", "storeman", "voucher"}
	not is_single(workload)
}

is_single(workload) if {
	workload.kind == "Deployment"
	workload.spec.replicas == 1
	workload.spec.strategy.type == "Recreate"
}

deny contains found("a service says how it is updated", workload) if {
	some workload in workloads
	workload.kind == "Deployment"
	not workload.spec.strategy.type
}

deny contains found("what is scaled by load has no number of its own", workload) if {
	some workload in workloads
	some scaler in input
	scaler.kind == "HorizontalPodAutoscaler"
	in_same_namespace(scaler, workload)
	scaler.spec.scaleTargetRef.name == workload.metadata.name
	scaler.spec.scaleTargetRef.kind == workload.kind
	workload.spec.replicas
}

deny contains found("metrics have a port of their own", workload) if {
	some workload in workloads
	is_service(workload)
	ports := {port.name: port.containerPort | some port in pod_of(workload).containers[_].ports}
	not has_own_metrics(ports)
}

has_own_metrics(ports) if ports.http != ports.metrics
