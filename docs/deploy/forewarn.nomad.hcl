# forewarn on Nomad: nomad job run docs/deploy/forewarn.nomad.hcl
# One instance with a host volume: the data has one writer.
job "forewarn" {
  type = "service"

  # The old one must have let go of the data before the new one starts.
  update {
    max_parallel = 1
    canary       = 0
  }

  group "forewarn" {
    count = 1

    volume "data" {
      type   = "host"
      source = "forewarn"
    }

    network {
      port "intake" {
        static = 8321
      }
    }

    task "forewarn" {
      driver       = "docker"
      user         = "10001:10001"
      kill_timeout = "30s"

      config {
        image           = "registry.example.com/forewarn:0.1.0"
        args            = ["serve", "--config", "/local/forewarn.toml", "--data", "/data/forewarn", "--intake", "0.0.0.0:8321"]
        ports           = ["intake"]
        readonly_rootfs = true
        cap_drop        = ["all"]
      }

      volume_mount {
        volume      = "data"
        destination = "/data"
      }

      template {
        destination = "local/forewarn.toml"
        data        = <<-EOF
          public_url = "https://forewarn.example.com"
          catch_all  = "platform"

          [slack]
          bot_token = "file:/secrets/slack"

          [owners.platform]
          slack = "#platform"

          [connections."openai/main"]
          webhook_secret = "file:/secrets/openai"
        EOF
      }

      template {
        destination = "secrets/slack"
        perms       = "400"
        uid         = 10001
        gid         = 10001
        data        = "{{ with nomadVar \"nomad/jobs/forewarn\" }}{{ .slack }}{{ end }}"
      }

      template {
        destination = "secrets/openai"
        perms       = "400"
        uid         = 10001
        gid         = 10001
        data        = "{{ with nomadVar \"nomad/jobs/forewarn\" }}{{ .openai }}{{ end }}"
      }

      resources {
        cpu    = 100
        memory = 256
      }

      service {
        name     = "forewarn"
        port     = "intake"
        provider = "nomad"

        check {
          type     = "http"
          path     = "/healthz"
          interval = "20s"
          timeout  = "5s"
        }
      }
    }
  }
}
