package io.aded.rpc;

import com.google.protobuf.DescriptorProtos.FileDescriptorProto;
import com.google.protobuf.DescriptorProtos.FileDescriptorSet;
import com.google.protobuf.Descriptors.DescriptorValidationException;
import com.google.protobuf.Descriptors.FileDescriptor;
import com.google.protobuf.Descriptors.ServiceDescriptor;
import com.google.rpc.ErrorDetailsProto;
import io.aded.v1.InferenceServiceGrpc;
import io.grpc.protobuf.ProtoServiceDescriptorSupplier;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The API as reflection shows it: with its comments, which generated classes do not keep, and with the details of
 * errors, which no message names, so that tools can show both.
 *
 * <p>The descriptors come from a file that the compiler of the {@code .proto} files wrote beside the classes.
 * Reflection serves what a service's file names, so the details are made an import of one of them.
 */
final class DocumentedApi {
    private static final String RESOURCE = "/io/aded/v1/aded.protoset";

    private final Map<String, FileDescriptor> files = new HashMap<>();

    private DocumentedApi(List<FileDescriptorProto> protos) throws DescriptorValidationException {
        Map<String, FileDescriptorProto> byName = new HashMap<>();
        protos.forEach(proto -> byName.put(proto.getName(), proto));
        FileDescriptorProto details = ErrorDetailsProto.getDescriptor().toProto();
        byName.putIfAbsent(details.getName(), details);
        for (FileDescriptorProto proto : protos) {
            link(proto, byName, details.getName());
        }
    }

    /**
     * Reads it from the class path.
     *
     * @throws IllegalStateException if it is not there or cannot be read: the build left it out
     */
    static DocumentedApi read() {
        try (InputStream in = InferenceServiceGrpc.class.getResourceAsStream(RESOURCE)) {
            if (in == null) {
                throw new IllegalStateException("the description of the API is missing: " + RESOURCE);
            }
            return new DocumentedApi(FileDescriptorSet.parseFrom(in).getFileList());
        } catch (IOException | DescriptorValidationException e) {
            throw new IllegalStateException("the description of the API cannot be read: " + RESOURCE, e);
        }
    }

    private FileDescriptor link(FileDescriptorProto proto, Map<String, FileDescriptorProto> all, String details)
            throws DescriptorValidationException {
        FileDescriptor known = files.get(proto.getName());
        if (known != null) {
            return known;
        }
        FileDescriptorProto named = proto;
        if (proto.getServiceList().stream()
                .anyMatch(service ->
                        (proto.getPackage() + "." + service.getName()).equals(InferenceServiceGrpc.SERVICE_NAME))) {
            named = proto.toBuilder().addDependency(details).build();
        }
        List<FileDescriptor> imports = new ArrayList<>();
        for (String imported : named.getDependencyList()) {
            FileDescriptorProto found = all.get(imported);
            if (found == null) {
                throw new IllegalStateException(proto.getName() + " imports what is not there: " + imported);
            }
            imports.add(link(found, all, details));
        }
        FileDescriptor linked = FileDescriptor.buildFrom(named, imports.toArray(FileDescriptor[]::new));
        files.put(linked.getName(), linked);
        return linked;
    }

    /**
     * What reflection is to say of a service.
     *
     * @throws IllegalStateException if the API does not describe it
     */
    ProtoServiceDescriptorSupplier service(String name) {
        for (FileDescriptor file : files.values()) {
            for (ServiceDescriptor service : file.getServices()) {
                if (service.getFullName().equals(name)) {
                    return new Documented(service);
                }
            }
        }
        throw new IllegalStateException("the API does not describe the service " + name);
    }

    /** A service, as gRPC's reflection asks for it. */
    private record Documented(ServiceDescriptor service) implements ProtoServiceDescriptorSupplier {
        @Override
        public ServiceDescriptor getServiceDescriptor() {
            return service;
        }

        @Override
        public FileDescriptor getFileDescriptor() {
            return service.getFile();
        }
    }
}
