"""What the benchmark against the HorizontalPodAutoscaler of a real control plane is made of."""
