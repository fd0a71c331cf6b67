# An image is one that this project builds, or a public one by its digest.
package cpds

ours := {"cpds-identity", "cpds-records", "cpds-bridge", "cpds-audit"}

images contains {"object": object, "image": image} if {
	some object in workloads
	image := containers_of(object)[_].image
}

images contains {"object": object, "image": object.spec.imageName} if {
	some object in input
	object.apiVersion == "postgresql.cnpg.io/v1"
	object.kind == "Cluster"
}

deny contains found("an image is ours, or public and pinned by digest", object) if {
	some {"object": object, "image": image} in images
	not is_ours(image)
	not regex.match(`^[a-z0-9.-]+\.[a-z]+/[a-z0-9/._-]+:[\w.-]+@sha256:[0-9a-f]{64}$`, image)
}

# Its last part, before tag and digest.
is_ours(image) if regex.replace(image, `^.*/|[:@].*$`, "") in ours

deny contains found("a database's image is named", object) if {
	some object in input
	object.apiVersion == "postgresql.cnpg.io/v1"
	object.kind == "Cluster"
	not object.spec.imageName
}
