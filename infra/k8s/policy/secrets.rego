# Secrets come as files, which only the pod's group may read, and stand in no manifest.
package cpds

deny contains found("a secret comes as a file, never by the environment", workload) if {
	some workload in workloads
	some container in containers_of(workload)
	from_secret(container)
}

from_secret(container) if container.env[_].valueFrom.secretKeyRef

from_secret(container) if container.envFrom[_].secretRef

deny contains found("a secret's file is root's, and readable by the pod's group alone", workload) if {
	some workload in workloads
	some volume in pod_of(workload).volumes
	volume.secret
	not volume.secret.defaultMode == 288 # 0440
}

deny contains found("a secret's file is mounted read-only", workload) if {
	some workload in workloads
	some volume in pod_of(workload).volumes
	volume.secret
	some mount in containers_of(workload)[_].volumeMounts
	mount.name == volume.name
	not mount.readOnly == true
}

# Key files are accepted as a Secret's volume has them.
deny contains found("no container copies secrets before a service starts", workload) if {
	some workload in workloads
	pod_of(workload).initContainers
}

deny contains found("no manifest holds a secret", object) if {
	some object in input
	object.kind == "Secret"
}
