{
  description = "@SUMMARY@";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";

  outputs = { self, nixpkgs }:
    let
      version = "@VERSION@";
      archives = {
        x86_64-linux = { target = "linux-x64-baseline"; sha256 = "@SHA256:linux-x64-baseline.tar.gz@"; };
        aarch64-linux = { target = "linux-arm64"; sha256 = "@SHA256:linux-arm64.tar.gz@"; };
        x86_64-darwin = { target = "darwin-x64"; sha256 = "@SHA256:darwin-x64.tar.gz@"; };
        aarch64-darwin = { target = "darwin-arm64"; sha256 = "@SHA256:darwin-arm64.tar.gz@"; };
      };
      package = system: archive:
        let pkgs = nixpkgs.legacyPackages.${system};
        in pkgs.stdenv.mkDerivation {
          pname = "chat";
          inherit version;
          src = pkgs.fetchurl {
            url = "@ADDRESS@/chat-${version}-${archive.target}.tar.gz";
            inherit (archive) sha256;
          };
          nativeBuildInputs = [ pkgs.installShellFiles ]
            ++ pkgs.lib.optional pkgs.stdenv.isLinux pkgs.autoPatchelfHook;
          # The program contains its code, which strip would remove.
          dontStrip = true;
          installPhase = ''
            install -Dm755 chat $out/bin/chat
            installManPage man/man1/*
            install -Dm644 -t $out/share/doc/chat/guides guides/*
            installShellCompletion --cmd chat \
              --bash completions/chat.bash --fish completions/chat.fish --zsh completions/_chat
          '';
          meta = {
            description = "@SUMMARY@";
            homepage = "@HOMEPAGE@";
            license = pkgs.lib.licenses.mit;
            mainProgram = "chat";
          };
        };
    in
    {
      packages = builtins.mapAttrs (system: archive: { default = package system archive; }) archives;
    };
}
